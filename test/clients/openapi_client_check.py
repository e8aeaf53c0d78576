"""Reads recorded flows with the generated client and walks through flows of a running server.

Reads input.json and prints what came of it as JSON.
"""

import json
from datetime import datetime

import openapi_client as generated

with open("input.json", encoding="utf-8") as file:
    given = json.load(file)

flows = [
    {"name": flow["name"], "body": getattr(generated, flow["type"]).from_dict(flow["body"]).to_dict()}
    for flow in given["flows"]
]


def client(token=None):
    keys = {"sessionToken": token} if token else {}
    return generated.ApiClient(generated.Configuration(host=given["url"], api_key=keys))


registration = generated.RegistrationApi(client())
begun = registration.registration_create_flow_api()
body = generated.RegistrationUpdateFlowBodyInput(
    generated.RegistrationUpdateFlowBodyInputPassword(
        method="password", password=given["password"], traits={"email": given["email"]}
    )
)
token = registration.registration_update_flow(begun.id, body).session_token

settings = generated.SettingsApi(client(token))
flow = settings.settings_create_flow_api()
change = generated.SettingsUpdateFlowBodyInput(
    generated.SettingsUpdateFlowBodyInputProfile(
        method="profile", traits={"email": given["email"], "name": {"first": "Python"}}
    )
)
saved = settings.settings_update_flow(flow.id, change)

print(json.dumps({"flows": flows, "saved": saved.to_dict()}, default=datetime.isoformat))
