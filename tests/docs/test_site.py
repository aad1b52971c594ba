"""The site: every page can be reached, every public name is explained, and it builds without a warning."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import hierlm as hl
from hierlm.plots import Plots

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TOC = re.compile(r"```\{toctree\}\n(.*?)```", re.DOTALL)


def reached() -> set[Path]:
    """Documents that follow from docs/index.md by tables of contents."""
    todo, seen = [DOCS / "index.md"], set()
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        for block in TOC.findall(page.read_text(encoding="utf-8")) if page.suffix == ".md" else ():
            for line in (line.strip() for line in block.splitlines() if line.strip() and line[0] != ":"):
                entry = line.removesuffix(">").rpartition("<")[2]  # perhaps after a title of its own
                start = ROOT / entry[1:] if entry.startswith("/") else page.parent / entry
                found = [*start.parent.glob(f"{start.name}.md"), *start.parent.glob(f"{start.name}.ipynb")]
                assert found, f"{page}: nothing is called {entry}"
                todo += [p.resolve() for p in found]
    return seen


def test_every_page_can_be_reached():
    pages = {p for p in DOCS.rglob("*.md") if "paper" not in p.parts} | set((ROOT / "notebooks").glob("*.ipynb"))
    lost = sorted(p.relative_to(ROOT).as_posix() for p in pages - reached())
    assert not lost, f"in no table of contents: {lost} (notebooks: docs/tutorials/README.md)"


@pytest.mark.slow
def test_every_public_name_has_its_place_in_the_reference():
    text = "\n".join(p.read_text(encoding="utf-8") for p in (DOCS / "reference").glob("*.md"))
    explained = set(re.findall(r"^\.\. auto\w+:: hierlm\.(?:[\w.]+\.)?(\w+)$", text, re.MULTILINE))
    assert set(hl.__all__) - explained == set(), "docs/reference lacks a name"


@pytest.mark.slow
def test_every_plot_has_its_place_in_the_reference():
    text = (DOCS / "reference" / "plots.md").read_text(encoding="utf-8")
    named = {name for name, value in vars(Plots).items() if callable(value) and name[0] != "_"}
    named |= {"calibration", "power", "prior_check"}
    assert len(named) >= 15
    assert not [
        name
        for name in sorted(named)
        if not re.search(rf"autofunction:: hierlm\.plots\.(\w+\.)?{name}$", text, re.MULTILINE)
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once; a warning is an error."""
    pytest.importorskip("sphinx", reason="needs the extra docs")
    pytest.importorskip("myst_nb", reason="needs the extra docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs"]
    done = subprocess.run(
        [*command, "-d", str(folder / "trees"), ".", str(folder / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "site"


class Page(HTMLParser):
    """What a page links to and loads, the anchors that it has, and references that lead nowhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.lost: list[str] = []
        self._inside, self._reference = 0, False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        self.anchors |= {given[k] for k in ("id", "name") if k in given}
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        self.loaded += [given["src"]] if tag in ("script", "img", "iframe") and "src" in given else []
        self.loaded += (
            [given["href"]] if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload") else []
        )
        self._inside += tag == "a"
        self._reference = tag == "code" and "xref py" in given.get("class", "") and not self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside -= tag == "a"

    def handle_data(self, data: str) -> None:
        if self._reference:
            self.lost.append(data)
            self._reference = False


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    found = [p for p in site.rglob("*.html") if "_static" not in p.parts]
    return {p: Page(p.read_text(encoding="utf-8")) for p in found}


@pytest.mark.slow
def test_the_site_builds_without_a_warning(site: Path):
    home = (site / "docs" / "index.html").read_text(encoding="utf-8")
    assert "Bayesian mixed models" in home
    assert "effects drawn from the population" in home, "the example of the README is on the first page"


@pytest.mark.slow
def test_links_inside_lead_to_a_page_and_its_anchor(site: Path, pages: dict[Path, Page]):
    checked, lost = 0, []
    for path, page in pages.items():
        for link in page.links + page.loaded:
            target, _, anchor = unquote(link).partition("#")
            if urlsplit(link).scheme or link.startswith("//"):
                continue
            where = (path.parent / target.partition("?")[0]).resolve() if target else path
            there = pages.get(where)
            checked += 1
            if not where.is_file() or (there and anchor and anchor not in there.anchors):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert checked > 5000
    assert not lost


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page]):
    """Without the internet the site is whole."""
    assert not [(p.name, link) for p, page in pages.items() for link in page.loaded if urlsplit(link).netloc]


@pytest.mark.slow
def test_references_lead_somewhere(pages: dict[Path, Page]):
    """What a docstring calls by :func: or :class: is a link, if it is a public name."""
    lost = {name.removesuffix("()") for p, page in pages.items() if "_modules" not in p.parts for name in page.lost}
    public = {name for name in lost if name.rpartition(".")[2] in hl.__all__ and name.startswith("hierlm.")}
    assert not public


EXTERNAL = re.compile(r"https?://[^\s<>)\]\"'`]+")


def test_addresses_elsewhere_are_well_formed():
    """There is no internet where tests run: ``make links`` looks whether they are there, this whether they could be."""
    texts = [
        ROOT / "README.md",
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        *(ROOT / "notebooks").glob("*.py"),
        *(ROOT / "hierlm").rglob("*.py"),
    ]
    for path in texts:
        for address in EXTERNAL.findall(path.read_text(encoding="utf-8")):
            parts = urlsplit(address)
            assert parts.scheme == "https", f"{path}: {address}"
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}", parts.netloc), f"{path}: {address}"
            assert "localhost" not in address, f"{path}: {address}"


WIDTHS = (400, 800, 1400)
LOOK = """<!doctype html><meta charset="utf-8"><body><pre id="out">running</pre><script>
(async () => {
  const found = [];
  for (const width of WIDTHS) for (const page of PAGES) {
    const frame = document.createElement("iframe");
    frame.style.cssText = `width:${width}px;height:900px;border:0`;
    frame.src = page;
    document.body.appendChild(frame);
    await new Promise(done => { frame.onload = done; });
    const root = frame.contentDocument.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push(`${page} at ${width}: ${root.scrollWidth} wide`);
    for (const image of frame.contentDocument.images)
      if (!image.loading && image.complete && !image.naturalWidth) found.push(`${page}: ${image.src} is no picture`);
    frame.remove();
  }
  document.getElementById("out").textContent = JSON.stringify(found) + " looked";
})().catch(e => { document.getElementById("out").textContent = `failed: ${e}`; });
</script></body>"""


@pytest.mark.slow
def test_no_page_is_wider_than_the_window(site: Path):
    """In a browser, narrow and wide; wide tables and code scroll in boxes of their own."""
    browser = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if browser is None:
        pytest.skip("needs chromium")
    (site / "too-wide.html").write_text('<!doctype html><div style="width:2000px">x</div>', encoding="utf-8")
    shown = sorted(
        p.relative_to(site).as_posix() for p in site.rglob("*.html") if not {"_static", "_modules"} & set(p.parts)
    )
    shown = [p for p in shown if p != "index.html"]  # it leads on
    (site / "look.html").write_text(
        LOOK.replace("WIDTHS", str(list(WIDTHS))).replace("PAGES", str(shown)), encoding="utf-8"
    )
    handler = partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/look.html"
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=900000", "--dump-dom", address]
        done = subprocess.run([browser, *options], capture_output=True, text=True, timeout=300, check=False)
        server.shutdown()
    said = re.search(r'<pre id="out">(.*?) looked</pre>', done.stdout, re.DOTALL)
    assert said, done.stdout[:500]
    found = json.loads(unescape(said[1]))
    assert len([line for line in found if line.startswith("too-wide.html")]) == len(WIDTHS), (
        "the look itself does not work"
    )
    assert not [line for line in found if not line.startswith("too-wide.html")]


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *said: object) -> None:
        """Nothing."""
