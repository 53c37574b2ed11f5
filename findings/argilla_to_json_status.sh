#!/usr/bin/env bash
# Versions: argilla 2.8.0 (the client alone; no server is asked).
# Commonly believed: a record that Argilla writes as JSON says of each response what its author did: submitted, draft or
#   discarded, as the flat form of the same record does.
# Seen: `to_dict` and `to_json` write value and user_id of each response and leave the status out: an answer that was
#   discarded, and one that is still a draft, look like a submitted one, and read back they have none.
# Output seen:
#   objects: [{'value': 'refund', 'user_id': '…01'}, {'value': 'account', 'user_id': '…02'}]
#   flat: ['discarded', 'submitted']
#   read back: ['None', 'None']
# Fails (exit 1) when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q argilla==2.8.0 requests
cd "$work"
cat > seen.py <<'PY'
import uuid
import warnings

warnings.simplefilter("ignore")
import argilla as rg
from argilla.records._io import GenericIO, JsonIO

people = [uuid.UUID(int=n) for n in (1, 2)]
said = [("refund", "discarded"), ("account", "submitted")]
record = rg.Record(
    id="t-1",
    fields={"text": "Where is my parcel?"},
    responses=[rg.Response("intent", value, user, status=status) for (value, status), user in zip(said, people)],
)
objects = GenericIO.to_list([record], flatten=False)[0]["responses"]["intent"]
flat = GenericIO.to_list([record], flatten=True)[0]["intent.responses.status"]
JsonIO.to_json([record], "records.json")
(back,) = JsonIO._records_from_json("records.json")
again = [str(getattr(response.status, "value", response.status)) for response in back.responses]
print("objects:", objects)
print("flat:", [str(getattr(status, "value", status)) for status in flat])
print("read back:", again)
assert all("status" not in each for each in objects), "the behaviour changed: objects have a status"
assert "discarded" not in again, "the behaviour changed: the status is read back"
PY
"$work/venv/bin/python" seen.py
