"""The links in the documents: each relative one leads to a file, and each anchor to a heading."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", flags=re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", flags=re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", flags=re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, made as code hosts make them."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", document.read_text())):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = 1
        unique = slug
        while unique in found:
            unique = f"{slug}-{count}"
            count += 1
        found.add(unique)
    return found


def broken_links(document: Path) -> Iterator[str]:
    """Each link that leads nowhere, as `document: link`."""
    for inline, reference in _LINK.findall(_CODE.sub("", document.read_text())):
        link = inline or reference
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        is_lost = not target.exists() or (anchor and anchor not in anchors(target))
        if is_lost:
            yield f"{document.name}: {link}"


def test_every_link_in_the_documents_leads_somewhere() -> None:
    assert [link for document in documents() for link in broken_links(document)] == []


def test_a_broken_link_and_a_broken_anchor_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A heading, `code` and more!\n\n## Twice\n\n## Twice\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n[a](other.md) [b](other.md#a-heading-code-and-more) [c](#page) [d](https://x.test)\n"
        "[e](other.md#twice-1) `[f](code.md)`\n```\n# not a heading\n[g](fenced.md)\n```\n"
        "[h](gone.md) [i](other.md#gone) [j](#not-a-heading)\n\n[k]: lost.md\n"
    )
    assert list(broken_links(page)) == [
        "page.md: gone.md",
        "page.md: other.md#gone",
        "page.md: #not-a-heading",
        "page.md: lost.md",
    ]
