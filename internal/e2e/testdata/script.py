#!/usr/bin/env python3
"""What people write for themselves: interfaces of one NETCONF device for Prometheus, with ncclient and prometheus_client."""
import sys
from datetime import datetime
from ncclient import manager
from prometheus_client import start_http_server
from prometheus_client.core import REGISTRY, CounterMetricFamily, GaugeMetricFamily

NS = "{urn:ietf:params:xml:ns:yang:ietf-interfaces}"
STATE = ("subtree", '<interfaces-state xmlns="%s"/>' % NS[1:-1])
CONFIG = ("subtree", '<interfaces xmlns="%s"><interface><name/><description/></interface></interfaces>' % NS[1:-1])
STATES = {s: n + 1 for n, s in enumerate("up down testing unknown dormant not-present lower-layer-down".split())}
COUNTERS = [d + c for d in ("in-", "out-") for c in (
    "octets unicast-pkts broadcast-pkts multicast-pkts discards errors".split())] + ["in-unknown-protos"]


def name(leaf):
    return leaf.replace("-", "_").replace("/", "_")


def number(text):
    return datetime.fromisoformat(text).timestamp() if "T" in text else float(text)


class Interfaces:
    def __init__(self, port):
        self.session = manager.connect(host="127.0.0.1", port=port, username="netconf", password="netconf",
                                       hostkey_verify=False, allow_agent=False, look_for_keys=False)

    def collect(self):
        info = GaugeMetricFamily("interface_info", "Info", labels=["interface", "type", "description", "address", "index"])
        gauges = {n: GaugeMetricFamily("interface_" + name(n), n, labels=["interface"])
                  for n in ("admin-status", "oper-status", "last-change", "speed", "statistics/discontinuity-time")}
        counters = {n: CounterMetricFamily("interface_" + name(n), n, labels=["interface"]) for n in COUNTERS}
        config = self.session.get_config("running", CONFIG).data
        names = {i.findtext(NS + "name"): i.findtext(NS + "description", "") for i in config.iter(NS + "interface")}
        for i in self.session.get(STATE).data.iter(NS + "interface"):
            key = i.findtext(NS + "name")
            info.add_metric([key, i.findtext(NS + "type", ""), names.get(key, ""), i.findtext(NS + "phys-address", ""),
                             i.findtext(NS + "if-index", "")], 1)
            for leaf, family in gauges.items():
                text = i.findtext(NS + leaf.replace("/", "/" + NS))
                if text:
                    family.add_metric([key], STATES.get(text) or number(text))
            for leaf, family in counters.items():
                text = i.findtext(NS + "statistics/" + NS + leaf)
                if text:
                    family.add_metric([key], float(text))
        return [info, *gauges.values(), *counters.values()]


REGISTRY.register(Interfaces(int(sys.argv[1])))
start_http_server(int(sys.argv[2]), "127.0.0.1")
sys.stdin.read()
