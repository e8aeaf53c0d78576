// A settings flow from Go: sign up, create a flow, read it, change a trait and
// the password, over gRPC on the plain-text port.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	errorsv1 "example.com/ostiary/gen/ostiary/errors/v1"
	registrationv1 "example.com/ostiary/gen/ostiary/registration/v1"
	settingsv1 "example.com/ostiary/gen/ostiary/settings/v1"
	uiv1 "example.com/ostiary/gen/ostiary/ui/v1"
)

func main() {
	address := flag.String("address", "127.0.0.1:4433", "host and port of the public port")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()

	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	defer connection.Close()

	email := fmt.Sprintf("go-%s@example.com", rand.Text()[:8])
	token := signUp(ctx, registrationv1.NewRegistrationServiceClient(connection), email)
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	settings := settingsv1.NewSettingsServiceClient(connection)

	created, err := settings.CreateFlow(ctx, &settingsv1.CreateFlowRequest{Type: uiv1.FlowType_FLOW_TYPE_API})
	must(err)
	id := created.GetFlow().GetId()
	fmt.Println("created", id)

	read, err := settings.GetFlow(ctx, &settingsv1.GetFlowRequest{Id: id})
	must(err)
	fmt.Println("read, with", len(read.GetFlow().GetUi().GetNodes()), "nodes")

	traits, err := structpb.NewStruct(map[string]any{"email": email, "name": map[string]any{"first": "Gopher"}})
	must(err)
	updated, err := settings.UpdateFlow(ctx, &settingsv1.UpdateFlowRequest{Flow: id, Body: &settingsv1.UpdateFlowBody{
		Method: &settingsv1.UpdateFlowBody_Profile{Profile: &settingsv1.ProfileMethod{Traits: traits}},
	}})
	must(err)
	fmt.Println("updated:", updated.GetFlow().GetIdentity().GetTraits())

	_, err = settings.UpdateFlow(ctx, &settingsv1.UpdateFlowRequest{Flow: id, Body: &settingsv1.UpdateFlowBody{
		Method: &settingsv1.UpdateFlowBody_Password{Password: &settingsv1.PasswordMethod{Password: "short"}},
	}})
	fmt.Println("a short password is refused:", reasonOf(err))

	changed, err := settings.UpdateFlow(ctx, &settingsv1.UpdateFlowRequest{Flow: id, Body: &settingsv1.UpdateFlowBody{
		Method: &settingsv1.UpdateFlowBody_Password{Password: &settingsv1.PasswordMethod{Password: rand.Text()}},
	}})
	must(err)
	fmt.Println("the password is changed:", changed.GetFlow().GetState())
}

func signUp(ctx context.Context, registration registrationv1.RegistrationServiceClient, email string) string {
	flow, err := registration.CreateFlow(ctx, &registrationv1.CreateFlowRequest{Type: uiv1.FlowType_FLOW_TYPE_API})
	must(err)
	traits, err := structpb.NewStruct(map[string]any{"email": email})
	must(err)
	done, err := registration.UpdateFlow(ctx, &registrationv1.UpdateFlowRequest{Flow: flow.GetFlow().GetId(), Body: &registrationv1.UpdateFlowBody{
		Method: &registrationv1.UpdateFlowBody_Password{Password: &registrationv1.PasswordMethod{Traits: traits, Password: rand.Text()}},
	}})
	must(err)
	return done.GetSessionToken()
}

// reasonOf gives the machine-readable reason of a failed call, and what is wrong with its form.
func reasonOf(err error) string {
	text := "no error"
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errorsv1.ErrorInfo:
			text = detail.GetReason().String()
		case *errorsv1.FormRejected:
			for _, message := range detail.GetMessages() {
				text += fmt.Sprintf(" [%s: %d %s]", message.GetNode(), message.GetText().GetId(), message.GetText().GetText())
			}
		}
	}
	return text
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
