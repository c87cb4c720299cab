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
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  });
}
// What is folded is printed, too.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});

const behind = document.getElementById("behind");
if (behind) showMatrix(JSON.parse(document.getElementById("cells").textContent));

function showMatrix({names, examples}) {
  const rows = [...document.querySelectorAll(".matrix tbody tr")]
    .map(row => [...row.querySelectorAll("button")]);
  const buttons = rows.flat();
  const count = button => Number(button.textContent) || 0;
  for (const row of rows) {
    const total = row.reduce((sum, button) => sum + count(button), 0);
    for (const button of row) {
      const [truth, answer] = button.dataset.cell.split("-");
      const share = total ? ` (${(100 * count(button) / total).toFixed(1)} %)` : "";
      button.words = [`${count(button)} of ${total} examples of `, names[truth],
        ` are answered `, names[answer], share];
      button.setAttribute("aria-label", button.words.join(""));
      button.setAttribute("aria-pressed", "false");
      button.tabIndex = -1;
    }
  }
  const choose = button => {
    for (const other of buttons) {
      other.setAttribute("aria-pressed", String(other === button));
      other.tabIndex = other === button ? 0 : -1;
    }
    const said = document.createElement("p");
    said.append(...button.words.map((part, place) => place % 2 ? isolated(part) : part));
    const list = document.createElement("ul");
    const some = examples[button.dataset.cell] || [];
    list.className = some.some(one => one.words || one.sound) ? "examples recordings" : "examples";
    list.append(...some.map(item));
    behind.replaceChildren(said, list);
  };
  const moves = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
  rows.forEach((row, y) => row.forEach((button, x) => {
    button.addEventListener("click", () => choose(button));
    button.addEventListener("keydown", event => {
      const move = moves[event.key];
      const next = move && rows[y + move[0]] && rows[y + move[0]][x + move[1]];
      if (!next) return;
      event.preventDefault();
      button.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }));
  const wrong = buttons.filter(button => !button.parentElement.classList.contains("right"));
  const most = wrong.reduce((best, button) => count(button) > count(best) ? button : best, wrong[0]);
  if (most && count(most)) choose(most);
  else if (buttons[0]) buttons[0].tabIndex = 0;
}

function item(example) {
  const made = document.createElement("li");
  const sure = example.sure ? ", " + example.sure : "";
  const words = `is ${example.truth}, answer ${example.answer}${sure}`;
  if (example.picture) {
    const image = document.createElement("img");
    image.src = example.picture;
    image.alt = words;
    made.append(image);
  }
  if (example.sound) {
    const sound = document.createElement("audio");
    sound.controls = true;
    sound.src = example.sound;
    sound.setAttribute("aria-label", words);
    made.append(sound);
  }
  if (example.words) made.append(paragraph("recorded", example.words));
  if (example.sure) made.append(paragraph("said", example.sure));
  if (example.suspected) made.append(paragraph("suspected", "The label may be wrong"));
  if (example.name) made.append(paragraph("source", example.name));
  return made;
}

function paragraph(kind, text) {
  const made = document.createElement("p");
  made.className = kind;
  made.dir = "auto";
  made.textContent = text;
  return made;
}

function isolated(text) {
  const made = document.createElement("bdi");
  made.textContent = text;
  return made;
}
