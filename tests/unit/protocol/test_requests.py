"""A model's tools, as a server takes them."""

from __future__ import annotations

import json

from vivavoce.protocol.requests import TOOLS, schema, tools_for
from vivavoce.protocol.study import Study


def test_the_tools_have_schemas_a_server_takes(small: Study) -> None:
    for tool in TOOLS:
        described = schema(tool)
        assert described["name"] == tool.tool and len(described["description"]) > 40
        assert described["parameters"]["type"] == "object"
        assert described["parameters"]["additionalProperties"] is False
        assert "$defs" not in json.dumps(described)
    assert len(tools_for(small)) == len(TOOLS) - 1
