"use strict";
const root = document.documentElement;
document.querySelector("button.theme").addEventListener("click", () => {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", () => {
    const range = document.createRange();
    range.selectNodeContents(button.nextElementSibling);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
    button.textContent = "Copied";
  });
}
const behind = document.getElementById("behind");
if (behind) {
  const cells = JSON.parse(document.getElementById("cells").textContent);
  for (const button of document.querySelectorAll(".matrix button")) {
    button.addEventListener("click", () => {
      for (const other of document.querySelectorAll('.matrix button[aria-pressed="true"]')) {
        other.setAttribute("aria-pressed", "false");
      }
      button.setAttribute("aria-pressed", "true");
      const list = document.createElement("ul");
      list.className = "examples";
      for (const [picture, words] of cells[button.dataset.cell] || []) {
        const item = document.createElement("li");
        const image = document.createElement("img");
        image.src = "data:image/png;base64," + picture;
        image.alt = words;
        item.append(image, words);
        list.append(item);
      }
      const said = document.createElement("p");
      said.textContent = button.getAttribute("aria-label");
      behind.replaceChildren(said, list);
    });
  }
}
