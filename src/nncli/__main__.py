"""`python -m nncli`."""

from nncli.cli import run

if __name__ == "__main__":
    run()
