// A receiver of events. It checks the signatures by the Standard Webhooks
// specification, with nothing but the standard library.
//
//	PORT=8090 SECRET=whsec_… go run .
//	PORT=8090 PUBLIC_KEY=whpk_… go run .
package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How far the time of a delivery may be off: older ones may be replays.
const tolerance = 5 * time.Minute

// The ids that were received. A real receiver stores them with what it does.
var received sync.Map

func decode(prefix, text string) []byte {
	bytes, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, prefix))
	if err != nil {
		log.Fatalf("a secret is no base64: %v", err)
	}
	return bytes
}

// Says why a delivery is not to be believed.
func verify(header http.Header, body []byte, now time.Time) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return errors.New("headers are missing")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return errors.New("its time is off")
	}
	content := []byte(id + "." + timestamp + "." + string(body))
	for _, signature := range strings.Fields(header.Get("webhook-signature")) {
		version, encoded, _ := strings.Cut(signature, ",")
		bytes, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			continue
		}
		if secret := os.Getenv("SECRET"); version == "v1" && secret != "" {
			mac := hmac.New(sha256.New, decode("whsec_", secret))
			mac.Write(content)
			if hmac.Equal(mac.Sum(nil), bytes) {
				return nil
			}
		}
		if key := os.Getenv("PUBLIC_KEY"); version == "v1a" && key != "" {
			if ed25519.Verify(ed25519.PublicKey(decode("whpk_", key)), content, bytes) {
				return nil
			}
		}
	}
	return errors.New("no signature fits")
}

func handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = verify(r.Header, body, time.Now())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var event struct {
		Type       string `json:"type"`
		IdentityID string `json:"identity_id"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	// A delivery may come twice.
	if _, isKnown := received.LoadOrStore(r.Header.Get("webhook-id"), true); !isKnown {
		fmt.Println(event.Type, event.IdentityID)
	}
	w.WriteHeader(http.StatusNoContent)
}

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(handle)))
}
