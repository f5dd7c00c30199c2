package restconf

import "time"

// Forget makes the client open the session anew, as after a failure.
func (c *Client) Forget() { c.lose() }

// Doubt makes the next read ask the device whether it is what it was, as after some seconds.
func (c *Client) Doubt() { c.verified = time.Unix(1, 0) }
