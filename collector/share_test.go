package collector_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// hanging is a device that answers for the module more alone: at most until hold is closed it is silent about lab.
func hanging(hold <-chan struct{}) func(rpc string) (string, string) {
	return func(rpc string) (string, string) {
		if strings.Contains(rpc, "<more") {
			return "", items("more", "a", "7", "")
		}
		<-hold
		return "", items("top", "b", "1", "")
	}
}

func TestModuleThatIsNeverAnsweredLeavesTheOthers(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	target := scripted(t, announce("urn:lab"), "defaults: {modules: [lab, more], timeout: 500ms}"+fmt.Sprintf(lab, "things"), hanging(hold))
	target.Scrape(within(t, 10*time.Second), nil)
	for range 2 {
		got := samples(target.Scrape(within(t, 10*time.Second), nil).Families)
		if got["netconf_up"] != 1 || got["netconf_module_success module=more"] != 1 || got["lab_value note= thing=a"] != 7 {
			t.Errorf("with a module that is never answered, the other gives %v", got)
		}
		if v, ok := got["netconf_module_success module=lab"]; v != 0 || !ok || got["netconf_scrape_failure reason=timeout"] != 1 {
			t.Errorf("a module that is never answered does not show: %v", got)
		}
	}
}

func TestScrapeOfOneModuleJoinsAReadOfMore(t *testing.T) {
	hold := make(chan struct{})
	config := "defaults: {modules: [more, zlab]}" + strings.Replace(fmt.Sprintf(lab, "things"), "\n  lab:", "\n  zlab:", 1)
	target := scripted(t, announce("urn:lab"), config, hanging(hold))
	target.Scrape(within(t, 300*time.Millisecond), nil)

	s := target.Scrape(within(t, 300*time.Millisecond), []string{"more"})
	got := samples(s.Families)
	if s.Err != nil || !s.Up || got["lab_value note= thing=a"] != 7 || got["netconf_scrape_failure reason=timeout"] != 0 {
		t.Errorf("a module that is complete in the read in flight gives %v, error %v", got, s.Err)
	}
	s = target.Scrape(within(t, 300*time.Millisecond), []string{"zlab"})
	got = samples(s.Families)
	if v, ok := got["netconf_module_success module=zlab"]; v != 0 || !ok || s.Err == nil || !s.Up || got["lab_value note= thing=a"] != 0 {
		t.Errorf("a module that is not complete in the read in flight gives %v, error %v", got, s.Err)
	}
	close(hold)
	if got = samples(target.Scrape(within(t, 10*time.Second), []string{"zlab"}).Families); got["lab_value note= thing=b"] != 1 {
		t.Errorf("after the read in flight a scrape gives %v", got)
	}
}
