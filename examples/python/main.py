"""Walks through sign-up and settings over gRPC, and through what can go wrong on the way.

With --step it waits for Enter before the protected change, so that the session can get too old for it.
"""

import argparse
import secrets
import sys

sys.path.insert(0, "gen")

import grpc
from google.rpc import status_pb2
from ostiary.errors.v1 import errors_pb2
from ostiary.login.v1 import login_service_pb2, login_service_pb2_grpc
from ostiary.registration.v1 import registration_service_pb2, registration_service_pb2_grpc
from ostiary.session.v1 import session_service_pb2, session_service_pb2_grpc
from ostiary.settings.v1 import settings_service_pb2, settings_service_pb2_grpc
from ostiary.ui.v1 import ui_pb2

KINDS = (errors_pb2.ErrorInfo, errors_pb2.FormRejected, errors_pb2.Reauthenticate)


def details(error):
    """Gives the details of a failed call that are of this service, by their kind."""
    found = {}
    packed = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
    for detail in status_pb2.Status.FromString(packed).details:
        for kind in KINDS:
            if detail.Is(kind.DESCRIPTOR):
                found[kind] = kind()
                detail.Unpack(found[kind])
    return found


def explain(error):
    """Says in a line why a call failed."""
    found = details(error)
    reason = errors_pb2.Reason.Name(found[errors_pb2.ErrorInfo].reason)
    rejected = found.get(errors_pb2.FormRejected)
    return " ".join([reason, *(str(message.text.id) for message in (rejected.messages if rejected else ()))])


class Ostiary:
    """The calls of one person. The session token goes with each of them."""

    def __init__(self, address):
        channel = grpc.insecure_channel(address)
        self.registration = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        self.login = login_service_pb2_grpc.LoginServiceStub(channel)
        self.settings = settings_service_pb2_grpc.SettingsServiceStub(channel)
        self.sessions = session_service_pb2_grpc.SessionServiceStub(channel)
        self.token = None

    def call(self, method, request):
        metadata = [("authorization", f"Bearer {self.token}")] if self.token else []
        answer = method(request, metadata=metadata, timeout=5)
        if getattr(answer, "session_token", ""):
            self.token = answer.session_token
        return answer

    def sign_up(self, email, password):
        create = registration_service_pb2.CreateFlowRequest(type=ui_pb2.FLOW_TYPE_API)
        flow = self.call(self.registration.CreateFlow, create).flow
        body = registration_service_pb2.UpdateFlowBody(password={"traits": {"email": email}, "password": password})
        update = registration_service_pb2.UpdateFlowRequest(flow=flow.id, body=body)
        return self.call(self.registration.UpdateFlow, update)

    def sign_in(self, email, password, refresh=False):
        create = login_service_pb2.CreateFlowRequest(type=ui_pb2.FLOW_TYPE_API, refresh=refresh)
        flow = self.call(self.login.CreateFlow, create).flow
        body = login_service_pb2.UpdateFlowBody(password={"identifier": email, "password": password})
        return self.call(self.login.UpdateFlow, login_service_pb2.UpdateFlowRequest(flow=flow.id, body=body))

    def change(self, flow, **method):
        body = settings_service_pb2.UpdateFlowBody(**method)
        request = settings_service_pb2.UpdateFlowRequest(flow=flow.id, body=body)
        return self.call(self.settings.UpdateFlow, request).flow


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="127.0.0.1:4433")
    parser.add_argument("--step", action="store_true")
    arguments = parser.parse_args()
    ostiary = Ostiary(arguments.address)
    email, password = f"python-{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(16)

    ostiary.sign_up(email, password)
    me = ostiary.call(ostiary.sessions.WhoAmI, session_service_pb2.WhoAmIRequest()).session.identity
    print("signed up as", me.traits["email"])

    create = settings_service_pb2.CreateFlowRequest(type=ui_pb2.FLOW_TYPE_API)
    flow = ostiary.call(ostiary.settings.CreateFlow, create).flow
    try:
        ostiary.change(flow, profile={"traits": {"email": "no address"}})
    except grpc.RpcError as error:
        print("wrong input is refused:", explain(error))
    saved = ostiary.change(flow, profile={"traits": {"email": email, "name": {"first": "Ann"}}})
    print("the profile is saved:", saved.identity.traits["name"]["first"])

    if arguments.step:
        print("press Enter to change the password", flush=True)
        sys.stdin.readline()
    try:
        ostiary.change(flow, password={"password": secrets.token_urlsafe(16)})
    except grpc.RpcError as error:
        again = details(error).get(errors_pb2.Reauthenticate)
        if again is None:
            raise
        print("the session is too old:", explain(error), "by", ", ".join(again.methods))
        try:
            ostiary.sign_in(email, "not that one", refresh=True)
        except grpc.RpcError as refused:
            print("a wrong password is refused:", explain(refused))
        ostiary.sign_in(email, password, refresh=True)
        resume = settings_service_pb2.ResumeFlowRequest(flow=again.flow_id)
        ostiary.call(ostiary.settings.ResumeFlow, resume)
        print("the change that waited is resumed")
    print("the password is changed")


if __name__ == "__main__":
    main()
