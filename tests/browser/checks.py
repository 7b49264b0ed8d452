"""Checks of any page in a real browser."""

from playwright.sync_api import Page

REACHABLE = "a[href], button, input:not([type=hidden]), select, summary"


def overflowing(page: Page) -> list[str]:
    """The elements that reach beyond the window or whose text is cut off."""
    found: list[str] = page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          const bad = [];
          if (document.documentElement.scrollWidth > wide) bad.push(`page: ${document.documentElement.scrollWidth}`);
          for (const part of document.querySelectorAll("main *, header *, footer *")) {
            const box = part.getBoundingClientRect();
            if (part.closest("svg") || part.matches(".hidden, .skip, thead *, thead") || box.width === 0) continue;
            if (box.right > wide + 1 || box.left < -1)
              bad.push(`${part.tagName}.${part.className}: ${part.textContent.slice(0, 40)}`);
            if (getComputedStyle(part).overflow === "hidden" && part.scrollWidth > part.clientWidth + 1)
              bad.push(`cut: ${part.textContent.slice(0, 40)}`);
          }
          return bad;
        }"""
    )
    return found


def open_details(page: Page) -> None:
    """Open all that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")


def unreached(page: Page) -> int:
    """Return the number of links and fields that the key Tab does not reach; each other one must show an outline."""
    wanted: int = page.evaluate(
        f"[...document.querySelectorAll('{REACHABLE}')].filter((part) => part.checkVisibility()).length"
    )
    reached = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    return wanted - len(reached)


def sheets(page: Page) -> int:
    """The sheets of paper that the page takes in print."""
    page.emulate_media(media="print")
    paper = page.pdf(prefer_css_page_size=True)
    return paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page/")
