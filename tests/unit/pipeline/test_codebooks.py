"""A codebook's edits, its versions, and its way to other programs and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.pipeline.codebooks import CodeExists, CodeUnknown, added, edited, merged, slug
from vivavoce.pipeline.codes import Author, Code, Codebook
from vivavoce.pipeline.exports.bundle import Bundle
from vivavoce.pipeline.exports.refi import to_qdc
from vivavoce.pipeline.qdc import NotACodebook, read_qdc

ANA = Author(kind="person", name="Ana")
BEN = Author(kind="person", name="Ben")
NAME = (
    st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=20)
    .filter(str.strip)
    .map(str.strip)
)


def book(*names: str) -> Codebook:
    made = Codebook()
    for name in names:
        made = added(made, Code(id=slug(name, (code.id for code in made.codes)), name=name), editor=ANA)
    return made


def test_each_edit_is_a_version_of_the_book_and_of_the_code() -> None:
    made = book("Cost", "Noise")
    assert [(code.id, code.version, code.editor) for code in made.codes] == [
        ("cost", 1, ANA),
        ("noise", 1, ANA),
    ]
    assert made.version == 2
    after = edited(made, "cost", {"definition": "Prices", "status": "retired"}, editor=BEN)
    assert (after.version, after.codes[0].version, after.codes[0].editor) == (3, 2, BEN)
    assert after.codes[1] == made.codes[1]
    assert [code.id for code in after.active] == ["noise"]
    assert edited(after, "cost", {"definition": "Prices"}, editor=ANA) is after


def test_ids_are_unique_and_known() -> None:
    with pytest.raises(CodeExists):
        added(book("Cost"), Code(id="cost", name="Other"), editor=ANA)
    with pytest.raises(CodeUnknown, match="cost"):
        edited(book("Cost"), "price", {}, editor=ANA)
    assert slug("Über die Kosten!", ()) == "uber-die-kosten"
    assert slug("Cost", ("cost", "cost-2")) == "cost-3"
    assert slug("价格", ()) == "code"


def test_a_codebook_comes_back_from_another_program_as_it_went() -> None:
    made = edited(
        book("Cost", "Noise"),
        "cost",
        {"definition": "Prices", "inclusion": "Of ours", "exclusion": "Of others", "examples": ("too dear",)},
        editor=ANA,
    )
    codes = read_qdc(to_qdc(Bundle(title="T", redaction=None, codebook=made)), made)
    assert codes == list(made.codes)
    assert merged(made, codes, editor=BEN) is made


@pytest.mark.parametrize("version", [b"1.0", b"1:0", b"0:4"])
def test_codes_of_another_program_are_taken_over_and_told_apart(version: bytes) -> None:
    data = b"""<?xml version="1.0" encoding="utf-8"?>
    <CodeBook xmlns="urn:QDA-XML:codebook:%s" origin="Other 1.0"><Codes>
      <Code guid="11111111-1111-1111-1111-111111111111" name="Money" isCodable="false" color="#f00">
        <Description>All on money</Description>
        <Code guid="11111111-1111-1111-1111-111111111112" name="Cost" isCodable="true"/>
      </Code>
    </Codes><Sets/></CodeBook>"""
    codes = read_qdc(data % version, book("Cost"))
    assert [(code.id, code.name, code.definition, code.colour) for code in codes] == [
        ("money", "Money", "All on money", "#ff0000"),
        ("money-cost", "Money / Cost", "", None),
    ]
    after = merged(book("Cost"), codes, editor=BEN)
    assert [code.id for code in after.codes] == ["cost", "money", "money-cost"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"<CodeBook/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><CodeBook xmlns="urn:QDA-XML:codebook:1.0"/>',
        b'<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes><Code guid="1" name=" "/></Codes></CodeBook>',
    ],
)
def test_what_is_no_codebook_is_refused(data: bytes) -> None:
    with pytest.raises(NotACodebook):
        read_qdc(data, Codebook())


@given(st.lists(NAME, min_size=1, max_size=6))
def test_any_names_make_a_codebook_that_can_be_exported_and_read(names: list[str]) -> None:
    made = book(*names)
    assert len({code.id for code in made.codes}) == len(names)
    assert read_qdc(to_qdc(Bundle(title="T", redaction=None, codebook=made)), made) == list(made.codes)
