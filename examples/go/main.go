// Walks through sign-up and settings over gRPC, and through what can go wrong on
// the way. With -step it waits before the protected change, so that the session
// can get too old for it.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	errorsv1 "example.com/ostiary/gen/ostiary/errors/v1"
	loginv1 "example.com/ostiary/gen/ostiary/login/v1"
	registrationv1 "example.com/ostiary/gen/ostiary/registration/v1"
	sessionv1 "example.com/ostiary/gen/ostiary/session/v1"
	settingsv1 "example.com/ostiary/gen/ostiary/settings/v1"
	uiv1 "example.com/ostiary/gen/ostiary/ui/v1"
)

func main() {
	address := flag.String("address", "127.0.0.1:4433", "host and port of the public port")
	step := flag.Bool("step", false, "wait for Enter before the protected change")
	flag.Parse()

	connection, err := grpc.NewClient(*address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUnaryInterceptor(withDeadline))
	must(err)
	defer connection.Close()

	email, password := fmt.Sprintf("go-%s@example.com", rand.Text()[:8]), rand.Text()
	token := signUp(within(""), registrationv1.NewRegistrationServiceClient(connection), email, password)
	me, err := sessionv1.NewSessionServiceClient(connection).WhoAmI(within(token), &sessionv1.WhoAmIRequest{})
	must(err)
	fmt.Println("signed up as", me.GetSession().GetIdentity().GetTraits().GetFields()["email"].GetStringValue())

	settings := settingsv1.NewSettingsServiceClient(connection)
	created, err := settings.CreateFlow(within(token), &settingsv1.CreateFlowRequest{Type: uiv1.FlowType_FLOW_TYPE_API})
	must(err)
	id := created.GetFlow().GetId()

	_, err = settings.UpdateFlow(within(token), profile(id, "no address"))
	fmt.Println("wrong input is refused:", reasonOf(err))
	saved, err := settings.UpdateFlow(within(token), profile(id, email))
	must(err)
	name := saved.GetFlow().GetIdentity().GetTraits().GetFields()["name"].GetStructValue()
	fmt.Println("the profile is saved:", name.GetFields()["first"].GetStringValue())

	if *step {
		fmt.Println("press Enter to change the password")
		bufio.NewReader(os.Stdin).ReadString('\n')
	}
	_, err = settings.UpdateFlow(within(token), &settingsv1.UpdateFlowRequest{Flow: id, Body: &settingsv1.UpdateFlowBody{
		Method: &settingsv1.UpdateFlowBody_Password{Password: &settingsv1.PasswordMethod{Password: rand.Text()}},
	}})
	if again := detailOf[*errorsv1.Reauthenticate](err); again != nil {
		fmt.Println("the session is too old:", reasonOf(err), "by", strings.Join(again.GetMethods(), ", "))
		login := loginv1.NewLoginServiceClient(connection)
		_, err = signInAgain(token, login, email, "not that one")
		fmt.Println("a wrong password is refused:", reasonOf(err))
		token, err = signInAgain(token, login, email, password)
		must(err)
		_, err = settings.ResumeFlow(within(token), &settingsv1.ResumeFlowRequest{Flow: again.GetFlowId()})
		must(err)
		fmt.Println("the change that waited is resumed")
	}
	must(err)
	fmt.Println("the password is changed")
}

// within gives the context of a call: with the session token, if there is one.
func within(token string) context.Context {
	if token == "" {
		return context.Background()
	}
	return metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token)
}

// withDeadline gives every call five seconds; the server gives up when they have passed.
func withDeadline(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return invoke(ctx, method, request, reply, connection, options...)
}

// profile is the request that changes the traits.
func profile(flow, email string) *settingsv1.UpdateFlowRequest {
	traits, err := structpb.NewStruct(map[string]any{"email": email, "name": map[string]any{"first": "Ann"}})
	must(err)
	return &settingsv1.UpdateFlowRequest{Flow: flow, Body: &settingsv1.UpdateFlowBody{
		Method: &settingsv1.UpdateFlowBody_Profile{Profile: &settingsv1.ProfileMethod{Traits: traits}},
	}}
}

// signInAgain proves who the person is and gives the token to go on with.
func signInAgain(token string, login loginv1.LoginServiceClient, email, password string) (string, error) {
	flow, err := login.CreateFlow(within(token), &loginv1.CreateFlowRequest{Type: uiv1.FlowType_FLOW_TYPE_API, Refresh: true})
	if err != nil {
		return token, err
	}
	done, err := login.UpdateFlow(within(token), &loginv1.UpdateFlowRequest{Flow: flow.GetFlow().GetId(), Body: &loginv1.UpdateFlowBody{
		Method: &loginv1.UpdateFlowBody_Password{Password: &loginv1.PasswordMethod{Identifier: email, Password: password}},
	}})
	if err == nil && done.GetSessionToken() != "" {
		token = done.GetSessionToken()
	}
	return token, err
}

func signUp(ctx context.Context, registration registrationv1.RegistrationServiceClient, email, password string) string {
	flow, err := registration.CreateFlow(ctx, &registrationv1.CreateFlowRequest{Type: uiv1.FlowType_FLOW_TYPE_API})
	must(err)
	traits, err := structpb.NewStruct(map[string]any{"email": email})
	must(err)
	done, err := registration.UpdateFlow(ctx, &registrationv1.UpdateFlowRequest{Flow: flow.GetFlow().GetId(), Body: &registrationv1.UpdateFlowBody{
		Method: &registrationv1.UpdateFlowBody_Password{Password: &registrationv1.PasswordMethod{Traits: traits, Password: password}},
	}})
	must(err)
	return done.GetSessionToken()
}

// detailOf gives the detail of a kind of a failed call; nil where it has none.
func detailOf[T any](err error) T {
	var none T
	for _, detail := range status.Convert(err).Details() {
		if found, ok := detail.(T); ok {
			return found
		}
	}
	return none
}

// reasonOf gives the machine-readable reason of a failed call, and what is wrong with its form.
func reasonOf(err error) string {
	text := detailOf[*errorsv1.ErrorInfo](err).GetReason().String()
	for _, message := range detailOf[*errorsv1.FormRejected](err).GetMessages() {
		text += fmt.Sprintf(" %d", message.GetText().GetId())
	}
	return text
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
