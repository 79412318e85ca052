"""The text of a rendered page, without scripts and markup."""

from pathlib import Path

from evidence_kit.bundle.page_text import page_text


def _text(folder: Path, html: str) -> str:
    path = folder / "dom.html"
    path.write_text(html, encoding="utf-8")
    return page_text(path)


def test_blocks_are_lines_and_inline_elements_are_not(tmp_path: Path) -> None:
    html = "<html><head><title>t</title></head><body><p>Нэг <b>хоёр</b></p><div>Гурав<br>дөрөв</div></body></html>"

    assert _text(tmp_path, html) == "Нэг хоёр\nГурав\nдөрөв"


def test_scripts_and_styles_are_left_out(tmp_path: Path) -> None:
    assert _text(tmp_path, "<script>var a='<p>x</p>'</script><style>p{}</style><p>y&lt;b&gt;</p>") == "y<b>"


def test_broken_markup_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    assert "z" in _text(tmp_path, "<p><div></svg></script>z<svg><svg></p>")
    assert _text(tmp_path, "<" * 5000 + "a") != ""
