package restconf

import (
	"crypto/tls"
	"net/http"
	"time"
)

// OverConnection sends requests as a link does.
func OverConnection(conn *tls.Conn) *http.Transport {
	var l link
	l.open(conn, nil)
	return l.transport
}

// Forget makes the client open the session anew, as after a failure.
func (c *Client) Forget() { c.lose() }

// Doubt makes the next read ask the device whether it is what it was, as after some seconds.
func (c *Client) Doubt() { c.verified = time.Unix(1, 0) }
