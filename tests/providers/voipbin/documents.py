"""The examples of VoIPBIN's campaign documentation, byte for byte, and one campaign as its servers
answer today."""

from __future__ import annotations

LIST_REQUEST = "/v1.0/campaigns?token="
GET_REQUEST = "/v1.0/campaigns/183c0d5c-691e-42f3-af2b-9bffc2740f83?token="
CREATE_REQUEST = "/v1.0/campaigns?token="

LIST_ANSWER = b"""\
    {
        "result": [
            {
                "id": "183c0d5c-691e-42f3-af2b-9bffc2740f83",
                "type": "call",
                "name": "test campaign",
                "detail": "test campaign detail",
                "status": "stop",
                "service_level": 100,
                "end_handle": "stop",
                "actions": [
                    {
                        "id": "00000000-0000-0000-0000-000000000000",
                        "next_id": "00000000-0000-0000-0000-000000000000",
                        "type": "talk",
                        "option": {
                            "text": "Hello. This is outbound campaign's test calling. \
Please wait until the agent answer the call. Thank you.",
                            "language": "en-US"
                        }
                    }
                ],
                "outplan_id": "d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e",
                "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
                "queue_id": "99bf739a-932f-433c-b1bf-103d33d7e9bb",
                "next_campaign_id": "00000000-0000-0000-0000-000000000000",
                "tm_create": "2022-04-28 02:16:39.712142",
                "tm_update": "2022-04-30 17:53:51.685259",
                "tm_delete": "9999-01-01 00:00:00.000000"
            }
        ],
        "next_page_token": "2022-04-28 02:16:39.712142"
    }
"""

GET_ANSWER = b"""\
    {
        "id": "183c0d5c-691e-42f3-af2b-9bffc2740f83",
        "type": "call",
        "name": "test campaign",
        "detail": "test campaign detail",
        "status": "stop",
        "service_level": 100,
        "end_handle": "stop",
        "actions": [
            {
                "id": "00000000-0000-0000-0000-000000000000",
                "next_id": "00000000-0000-0000-0000-000000000000",
                "type": "talk",
                "option": {
                    "text": "Hello. This is outbound campaign's test calling. \
Please wait until the agent answer the call. Thank you.",
                    "language": "en-US"
                }
            }
        ],
        "outplan_id": "d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e",
        "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
        "queue_id": "99bf739a-932f-433c-b1bf-103d33d7e9bb",
        "next_campaign_id": "00000000-0000-0000-0000-000000000000",
        "tm_create": "2022-04-28 02:16:39.712142",
        "tm_update": "2022-04-30 17:53:51.685259",
        "tm_delete": "9999-01-01 00:00:00.000000"
    }
"""

CREATE_BODY = b"""\
    {
        "name": "test campaign",
        "detail": "test campaign detail",
        "type": "call",
        "service_level": 100,
        "end_handle": "stop",
        "actions": [
            {
                "type": "talk",
                "option": {
                    "text": "Hello. This is outbound campaign's test calling. \
Please wait until the agent answer the call. Thank you.",
                    "language": "en-US"
                }
            }
        ],
        "outplan_id": "d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e",
        "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
        "queue_id": "99bf739a-932f-433c-b1bf-103d33d7e9bb"
    }
"""

CREATE_ANSWER = b"""\
    {
        "id": "c1d2e3f4-a5b6-7890-cdef-123456789012",
        "name": "test campaign",
        "detail": "test campaign detail",
        "type": "call",
        "status": "stop",
        "service_level": 100,
        "end_handle": "stop",
        "outplan_id": "d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e",
        "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
        "queue_id": "99bf739a-932f-433c-b1bf-103d33d7e9bb",
        "tm_create": "2022-10-22 16:16:16.874761",
        "tm_update": "9999-01-01 00:00:00.000000",
        "tm_delete": "9999-01-01 00:00:00.000000"
    }
"""

CURRENT = b"""\
{"id":"183c0d5c-691e-42f3-af2b-9bffc2740f83","customer_id":"7a1b2c3d-4e5f-6789-abcd-ef0123456789",\
"type":"call","name":"test campaign","detail":"test campaign detail","status":"stop",\
"service_level":100,"end_handle":"stop","actions":[{"id":"00000000-0000-0000-0000-000000000000",\
"next_id":"00000000-0000-0000-0000-000000000000","type":"talk","option":{"text":"Hi","language":\
"en-US"},"tm_execute":null}],"outplan_id":"d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e","outdial_id":\
"40bea034-1d17-474d-a5de-da00d0861c69","queue_id":"99bf739a-932f-433c-b1bf-103d33d7e9bb",\
"next_campaign_id":"00000000-0000-0000-0000-000000000000","tm_create":"2022-04-28T02:16:39.712142Z",\
"tm_update":"2022-04-30T17:53:51.685259Z","tm_delete":null}"""
"""As the provider's published source shows it."""
