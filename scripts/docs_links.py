"""A hook of MkDocs: links from a page to files outside docs/ become plain text, and must name a real file."""

import re
from pathlib import Path
from typing import Any

LINK_OUTSIDE = re.compile(r"\[([^\]]+)\]\((\.\./[^)#]+)\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Keep the text of each such link.

    Args:
        markdown: the page's source.
        page: MkDocs's page.

    Raises:
        FileNotFoundError: a link names a file that does not exist.
    """
    source = Path(page.file.abs_src_path)
    docs = source.parents[page.file.src_uri.count("/")]

    def plain(link: re.Match[str]) -> str:
        target = (source.parent / link[2]).resolve()
        if target.is_relative_to(docs):
            return link[0]
        if not target.exists():
            raise FileNotFoundError(f"{page.file.src_uri} links to {link[2]}, which does not exist")
        return link[1]

    return LINK_OUTSIDE.sub(plain, markdown)
