// A native app links a sign-in provider, over gRPC: through the system browser
// with an exchange code, or with an ID token that the app got by itself.
//
//	go run ./link -token SESSION_TOKEN -provider acme
//	go run ./link -token SESSION_TOKEN -provider acme -id-token-command ./my-id-token
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os/exec"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	oidcv1 "example.com/ostiary/gen/ostiary/oidc/v1"
	settingsv1 "example.com/ostiary/gen/ostiary/settings/v1"
	uiv1 "example.com/ostiary/gen/ostiary/ui/v1"
)

func main() {
	address := flag.String("address", "127.0.0.1:4433", "host and port of the public port")
	token := flag.String("token", "", "session token of the person who links")
	provider := flag.String("provider", "", "id of the provider in the configuration")
	listen := flag.String("listen", "127.0.0.1:4455", "where the app waits for the browser; must be an allowed return URL")
	command := flag.String("id-token-command", "", "prints an ID token for the nonce it is given; left out, the system browser is used")
	headless := flag.Bool("headless", false, "follow the redirects instead of showing the URL: for providers that ask nothing")
	flag.Parse()

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	defer connection.Close()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+*token)
	settings := settingsv1.NewSettingsServiceClient(connection)

	if *command != "" {
		linkByIDToken(ctx, settings, oidcv1.NewOidcServiceClient(connection), *provider, *command)
		return
	}
	linkByBrowser(ctx, settings, *provider, *listen, *headless)
}

// linkByIDToken asks for a nonce, gets an ID token that carries it, and links.
func linkByIDToken(ctx context.Context, settings settingsv1.SettingsServiceClient, oidc oidcv1.OidcServiceClient, provider, command string) {
	nonce, err := oidc.CreateNonce(ctx, &oidcv1.CreateNonceRequest{})
	must(err)
	idToken, err := exec.CommandContext(ctx, command, nonce.GetNonce()).Output()
	must(err)
	flow, err := settings.CreateFlow(ctx, &settingsv1.CreateFlowRequest{Type: uiv1.FlowType_FLOW_TYPE_API})
	must(err)
	linked, err := submit(ctx, settings, flow.GetFlow().GetId(), &settingsv1.OidcMethod{
		Link: provider, IdToken: strings.TrimSpace(string(idToken)), IdTokenNonce: nonce.GetNonce(),
	})
	must(err)
	fmt.Println("linked with an ID token:", linked.GetFlow().GetState())
}

// linkByBrowser sends the person to the provider and completes the link with the
// two codes: the one that came with the flow and the one the browser comes back with.
func linkByBrowser(ctx context.Context, settings settingsv1.SettingsServiceClient, provider, listen string, headless bool) {
	codes := make(chan string, 1)
	listener, err := net.Listen("tcp", listen)
	must(err)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "You can go back to the app.")
		codes <- r.URL.Query().Get("code")
	}))

	flow, err := settings.CreateFlow(ctx, &settingsv1.CreateFlowRequest{
		Type: uiv1.FlowType_FLOW_TYPE_API, ReturnTo: "http://" + listen + "/linked", ReturnSessionTokenExchangeCode: true,
	})
	must(err)
	id := flow.GetFlow().GetId()
	sent, err := submit(ctx, settings, id, &settingsv1.OidcMethod{Link: provider})
	must(err)
	location := sent.GetRedirectBrowserTo()
	if headless {
		jar, _ := cookiejar.New(nil)
		answer, err := (&http.Client{Jar: jar}).Get(location)
		must(err)
		answer.Body.Close()
	} else {
		fmt.Println("open in a browser:", location)
	}

	select {
	case code := <-codes:
		linked, err := submit(ctx, settings, id, &settingsv1.OidcMethod{Link: provider, InitCode: flow.GetFlow().GetSessionTokenExchangeCode(), ReturnToCode: code})
		must(err)
		fmt.Println("linked through the browser:", linked.GetFlow().GetState())
	case <-ctx.Done():
		log.Fatal("nobody came back from the provider")
	}
}

func submit(ctx context.Context, settings settingsv1.SettingsServiceClient, id string, method *settingsv1.OidcMethod) (*settingsv1.UpdateFlowResponse, error) {
	return settings.UpdateFlow(ctx, &settingsv1.UpdateFlowRequest{Flow: id, Body: &settingsv1.UpdateFlowBody{Method: &settingsv1.UpdateFlowBody_Oidc{Oidc: method}}})
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
