"""Rows that the first layout wrote, of every kind that it carried."""

from curator.records import read_turns

CALL = {"id": "abcdefgh1", "type": "function", "function": {"name": "find", "arguments": '{"a": 1}'}}
TOOLS = '[{"type":"function","function":{"name":"find","parameters":{"type":"object"}}}]'
PLAIN = read_turns([{"role": "user", "content": "q"}])
EARLIER = read_turns(
    [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "earlier"},
        {"role": "user", "content": "again"},
    ]
)
WEIGHED = read_turns(
    [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "earlier", "weight": 0},
        {"role": "user", "content": "again"},
    ]
)
CALLED = read_turns(
    [
        {"role": "user", "content": "q", "name": "ana"},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "content": "found", "tool_call_id": "abcdefgh1"},
    ]
)
TYPED_PARTS = read_turns(
    [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what"},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            ],
        }
    ]
)
PROMPTS = {"plain": PLAIN, "earlier": EARLIER, "weighed": WEIGHED, "called": CALLED, "parts": TYPED_PARTS}
ANSWERS = {"plain": "2024-01-01", "earlier": "2024-01-02", "weighed": "x", "called": "y", "parts": "z"}
