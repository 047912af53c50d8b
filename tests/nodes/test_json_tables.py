"""From JSON to rows and columns: the rules and worked examples of finedatalink-tasks.md section 6."""

import pytest

from fdl_trigger.nodes.errors import NodeError
from fdl_trigger.nodes.json_table import as_table
from fdl_trigger.nodes.json_text import compact, decode, parse

BODY_A = parse(
    '{"totalNum":2,"errCode":0,"message":"success","data":'
    '[{"score":"90","name":"Li","id":1},{"score":null,"id":2,"tag":{"k":"v"}}]}'
)
BODY_B = parse(
    '{"store":{"book":[{"title":"Moby Dick","price":8.99,"isbn":"0-553"},{"title":"Sword","price":12.99}],'
    '"bicycle":{"color":"red"}}}'
)
BOOKS = '[{"title":"Moby Dick","price":8.99,"isbn":"0-553"},{"title":"Sword","price":12.99}]'


def laid_out(text_or_document, path="", expand=True):
    document = parse(text_or_document) if isinstance(text_or_document, str) else text_or_document
    table = as_table(document, path, expand)
    return table.names, [tuple(map(str_of_decimal, row)) for row in table]


def str_of_decimal(cell):
    return cell if cell is None or isinstance(cell, str | int | bool) else str(cell)


@pytest.mark.parametrize(
    ("path", "expand", "names", "rows"),
    [
        ("$.data", True, ("score", "name", "id", "tag"), [("90", "Li", 1, None), (None, None, 2, '{"k":"v"}')]),
        (
            "",
            True,
            ("totalNum", "errCode", "message", "data"),
            [(2, 0, "success", '[{"score":"90","name":"Li","id":1},{"score":null,"id":2,"tag":{"k":"v"}}]')],
        ),
        (
            "$.data",
            False,
            ("responseBody",),
            [('[{"score":"90","name":"Li","id":1},{"score":null,"id":2,"tag":{"k":"v"}}]',)],
        ),
        ("$.data[*].id", True, ("id",), [(1,), (2,)]),
    ],
)
def test_the_examples_of_body_a(path, expand, names, rows):
    assert laid_out(BODY_A, path, expand) == (names, rows)


@pytest.mark.parametrize(
    ("path", "names", "rows"),
    [
        ("$.store.book", ("title", "price", "isbn"), [("Moby Dick", "8.99", "0-553"), ("Sword", "12.99", None)]),
        ("$.store", ("book", "bicycle"), [(BOOKS, '{"color":"red"}')]),
        ("", ("store",), [('{"book":' + BOOKS + ',"bicycle":{"color":"red"}}',)]),
    ],
)
def test_the_examples_of_body_b(path, names, rows):
    assert laid_out(BODY_B, path) == (names, rows)


def test_a_path_that_is_not_there_gives_no_rows_and_says_so():
    table = as_table(BODY_A, "$.nothing", True)
    assert (table.names, len(table), table.is_missing) == ((), 0, True)


@pytest.mark.parametrize(
    ("text", "path", "names", "rows"),
    [
        ('{"a":[]}', "$.a", (), []),
        ('{"a":null}', "$.a", (), []),
        ('{"a":[1,"x",null]}', "$.a", ("a",), [(1,), ("x",), (None,)]),
        ('{"a":7}', "$.a", ("a",), [(7,)]),
        ("[1,2]", "", ("value",), [(1,), (2,)]),
        ('"text"', "", ("value",), [("text",)]),
        ('{"a":[[1,2],[3]]}', "$.a", ("a",), [("[1,2]",), ("[3]",)]),
        ('{"a":[{"b":1},5]}', "$.a", ("b", "a"), [(1, None), (None, 5)]),
        ('{"a":{"b":1}}', "$.a", ("b",), [(1,)]),
        ('{"a b":[1]}', "$['a b']", ("a b",), [(1,)]),
        ('{"r":[{"n":{"z":"王"}}]}', "$.r", ("n",), [('{"z":"王"}',)]),
        ('{"a":[{"id":1},{"id":2},{"id":3}]}', "$.a[?@.id > 1]", ("id",), [(2,), (3,)]),
        ('{"x":{"id":1},"y":[{"id":2}]}', "$..id", ("id",), [(1,), (2,)]),
        ('[{"ok":true},{"ok":false}]', "", ("ok",), [(True,), (False,)]),
    ],
)
def test_every_shape_has_its_layout(text, path, names, rows):
    assert laid_out(text, path) == (names, rows)


def test_columns_come_in_order_of_first_appearance_over_all_rows():
    assert as_table(parse('[{"b":1},{"a":1,"b":2},{"c":3}]'), "", True).names == ("b", "a", "c")


def test_numbers_keep_every_digit():
    text = '[{"whole":123456789012345678901234567890,"part":0.12345678901234567890,"zero":1.50}]'
    assert laid_out(text)[1] == [(123456789012345678901234567890, "0.12345678901234567890", "1.50")]
    assert compact(parse(text)) == text


def test_control_characters_inside_strings_are_accepted():
    assert laid_out('[{"a":"x\ty\nz"}]') == (("a",), [("x\ty\nz",)])


@pytest.mark.parametrize(
    "text", ["<html>", "", "{", "NaN", '{"a":Infinity}', "[" * 100_000, '{"a":1e99999999999999999999}x']
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize(
    ("content", "encoding", "charset"),
    [
        ("王".encode(), None, None),
        ("王".encode("utf-8-sig"), None, None),
        ("王".encode("gbk"), None, "GB2312"),
        ("王".encode("gbk"), "GBK", "utf-8"),
        ("王".encode("utf-16"), "UTF-16", None),
        ("王".encode("utf-16"), None, '"utf-16"'),
    ],
)
def test_answers_are_decoded_by_setting_then_charset_then_utf8(content, encoding, charset):
    assert decode(content, encoding, charset) == "王"


@pytest.mark.parametrize(("content", "charset"), [("王".encode("gbk"), None), (b"x", "klingon"), (b"x", "hex")])
def test_a_wrong_or_unknown_charset_is_an_error_that_names_the_setting(content, charset):
    with pytest.raises(NodeError, match="choose its encoding"):
        decode(content, None, charset)


def test_a_path_that_recurses_too_deeply_is_a_node_error():
    document = parse("[" * 400 + "1" + "]" * 400)
    with pytest.raises(NodeError, match=r"\$\.\.a"):
        as_table(document, "$..a", True)
