package kubernetes

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// root is the repository.
const root = "../../"

var update = flag.Bool("update", false, "write examples/kubernetes/rules.yml anew from examples/rules")

// cluster is everything that the kustomization gives, by kind.
type cluster struct {
	configMaps      []*corev1.ConfigMap
	services        []*corev1.Service
	sets            []*appsv1.StatefulSet
	budgets         []*policyv1.PodDisruptionBudget
	policies        []*networkingv1.NetworkPolicy
	rules           []*monitoringv1.PrometheusRule
	serviceMonitors []*monitoringv1.ServiceMonitor
	scrapeConfigs   []*monitoringv1alpha1.ScrapeConfig
}

// render applies the kustomization in a folder and reads what comes out with the official types, which must know every field.
func render(t *testing.T, folder string) (c cluster) {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resources.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		if r.GetNamespace() != "monitoring" {
			t.Errorf("%s is in namespace %q", r.CurId(), r.GetNamespace())
		}
		switch id := r.GetApiVersion() + " " + r.GetKind(); id {
		case "v1 ConfigMap":
			decode(t, text, &c.configMaps)
		case "v1 Service":
			decode(t, text, &c.services)
		case "apps/v1 StatefulSet":
			decode(t, text, &c.sets)
		case "policy/v1 PodDisruptionBudget":
			decode(t, text, &c.budgets)
		case "networking.k8s.io/v1 NetworkPolicy":
			decode(t, text, &c.policies)
		case "monitoring.coreos.com/v1 PrometheusRule":
			decode(t, text, &c.rules)
		case "monitoring.coreos.com/v1 ServiceMonitor":
			decode(t, text, &c.serviceMonitors)
		case "monitoring.coreos.com/v1alpha1 ScrapeConfig":
			decode(t, text, &c.scrapeConfigs)
		default:
			t.Errorf("nothing is known of %s", id)
		}
	}
	return c
}

func decode[T any](t *testing.T, text []byte, all *[]*T) {
	t.Helper()
	one := new(T)
	if err := yaml.UnmarshalStrict(text, one); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	*all = append(*all, one)
}

func TestTheExportersAreRunWithCare(t *testing.T) {
	c := render(t, root+"examples/kubernetes")
	if len(c.sets) != 1 {
		t.Fatalf("%d StatefulSets", len(c.sets))
	}
	set := c.sets[0]
	pod := set.Spec.Template
	if s := pod.Spec.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.SeccompProfile == nil {
		t.Errorf("the pod may run as root: %+v", s)
	}
	mounts := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		mounts[v.Name] = true
	}
	for _, container := range pod.Spec.Containers {
		s := container.SecurityContext
		if s == nil || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || fmt.Sprint(s.Capabilities.Drop) != "[ALL]" {
			t.Errorf("%s is not hardened: %+v", container.Name, s)
		}
		if container.Resources.Limits.Memory().IsZero() || container.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s has no limits", container.Name)
		}
		for _, m := range container.VolumeMounts {
			if !mounts[m.Name] {
				t.Errorf("%s mounts %s, which is not there", container.Name, m.Name)
			}
		}
		if !strings.Contains(strings.Join(container.Args, " "), "--config.auto-reload-interval=") {
			t.Errorf("%s does not see that its configuration changed: %v", container.Name, container.Args)
		}
	}
	selects := func(what string, s *metav1.LabelSelector, of map[string]string) {
		t.Helper()
		selector, err := metav1.LabelSelectorAsSelector(s)
		if err != nil || !selector.Matches(labels.Set(of)) {
			t.Errorf("%s does not select %v: %v", what, of, err)
		}
	}
	selects("the StatefulSet", set.Spec.Selector, pod.Labels)
	for _, b := range c.budgets {
		selects("the budget", b.Spec.Selector, pod.Labels)
	}
	for _, p := range c.policies {
		selects("the policy", &p.Spec.PodSelector, pod.Labels)
		if len(p.Spec.Ingress) == 0 || len(p.Spec.Egress) == 0 || len(p.Spec.PolicyTypes) != 2 {
			t.Errorf("the policy leaves a direction open: %+v", p.Spec)
		}
	}
	for _, m := range c.serviceMonitors {
		selects("the ServiceMonitor", &m.Spec.Selector, c.services[0].Labels)
		if m.Spec.Endpoints[0].Port != c.services[0].Spec.Ports[0].Name {
			t.Errorf("the ServiceMonitor scrapes port %q", m.Spec.Endpoints[0].Port)
		}
	}
	if len(c.budgets) != 1 || len(c.policies) != 1 || len(c.serviceMonitors) != 1 || len(c.scrapeConfigs) != 1 || len(c.services) != 1 {
		t.Errorf("not one of each: %+v", c)
	}
	// As many replicas as the targets are divided by.
	for _, r := range c.scrapeConfigs[0].Spec.RelabelConfigs {
		if strings.EqualFold(r.Action, "hashmod") && int32(r.Modulus) != *set.Spec.Replicas {
			t.Errorf("targets are divided by %d, and there are %d replicas", r.Modulus, *set.Spec.Replicas)
		}
	}
}

// Devices call the replica that Prometheus asks for them, and it alone.
func TestDevicesCallTheReplicaThatIsAsked(t *testing.T) {
	folder := t.TempDir()
	base, err := filepath.Abs(root + "examples/kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	if base, err = filepath.Rel(folder, base); err != nil {
		t.Fatal(err)
	}
	text := "resources: [" + base + "]\ncomponents: [" + base + "/call-home]\n"
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := render(t, folder)
	if len(c.services) != 2 || len(c.policies) != 2 {
		t.Fatalf("%d services and %d policies, want those of the exporters and of the calls", len(c.services), len(c.policies))
	}
	pod := map[string]string{"statefulset.kubernetes.io/pod-name": c.sets[0].Name + "-0"}
	for label, value := range c.sets[0].Spec.Template.Labels {
		pod[label] = value
	}
	open := map[string]bool{}
	for _, s := range c.services {
		if s.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		if !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(pod)) || s.Spec.Selector["statefulset.kubernetes.io/pod-name"] == "" {
			t.Errorf("the service of the calls selects %v", s.Spec.Selector)
		}
		for _, p := range s.Spec.Ports {
			open[p.TargetPort.String()] = true
		}
	}
	for _, p := range c.policies {
		for _, in := range p.Spec.Ingress {
			for _, port := range in.Ports {
				delete(open, port.Port.String())
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("no policy lets calls in at %v", open)
	}
	pinned := false
	for _, r := range c.scrapeConfigs[0].Spec.RelabelConfigs {
		if len(r.SourceLabels) == 1 && r.SourceLabels[0] == "__meta_netconf_address" {
			pinned = r.Regex == "^$" && r.TargetLabel == "__tmp_replica" && r.Replacement != nil && *r.Replacement == "0" // an empty expression is left out, and matches all
		}
	}
	if !pinned {
		t.Error("Prometheus does not ask the first replica for targets without an address")
	}
}

func TestTheDashboardsAreThere(t *testing.T) {
	found := map[string]string{}
	for _, m := range render(t, root+"examples/kubernetes").configMaps {
		for name, text := range m.Data {
			if strings.HasSuffix(name, ".json") {
				found[name] = text
				if m.Labels["grafana_dashboard"] != "1" {
					t.Errorf("%s: no sidecar would find it: %v", name, m.Labels)
				}
			}
		}
	}
	files, err := filepath.Glob(root + "grafana-dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d dashboards, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found[filepath.Base(file)] != string(text) {
			t.Errorf("%s is missing or another one; grafana-dashboards/kustomization.yaml names them", file)
		}
	}
	if len(found) != len(files) {
		t.Errorf("%d dashboards in ConfigMaps, %d files", len(found), len(files))
	}
}

// The rules are those of examples/rules, in Kubernetes' form.
func TestTheRulesAreFresh(t *testing.T) {
	var want bytes.Buffer
	fmt.Fprint(&want, "# Generated by \"make docs\" from examples/rules. Do not edit.\n")
	files, err := filepath.Glob(root + "examples/rules/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of rules, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var spec monitoringv1.PrometheusRuleSpec
		if err := yaml.UnmarshalStrict(text, &spec); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		rule, err := yaml.Marshal(map[string]any{
			"apiVersion": "monitoring.coreos.com/v1",
			"kind":       "PrometheusRule",
			"metadata": map[string]any{
				"name":   "netconf-exporter-" + strings.TrimSuffix(filepath.Base(file), ".yml"),
				"labels": map[string]any{"app.kubernetes.io/name": "netconf-exporter"},
			},
			"spec": spec,
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "---\n%s", rule)
	}
	const file = root + "examples/kubernetes/rules.yml"
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what examples/rules give; run make docs", file)
	}
	if all := render(t, root+"examples/kubernetes").rules; len(all) != len(files) {
		t.Errorf("%d PrometheusRules, want %d", len(all), len(files))
	}
}

// An overlay as kustomization.yaml describes it.
func TestAnOverlayChangesImageAndTargets(t *testing.T) {
	folder := t.TempDir()
	base, err := filepath.Abs(root + "examples/kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	base, err = filepath.Rel(folder, base)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"kustomization.yaml": "resources: [" + base + "]\nimages: [{name: netconf_exporter, newName: registry.example.net/netconf_exporter, newTag: v1.0.0}]\npatches: [{path: netconf.yml}]\n",
		"netconf.yml":        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: netconf-exporter, namespace: monitoring}\ndata: {netconf.yml: \"targets: []\"}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := render(t, folder)
	if image := c.sets[0].Spec.Template.Spec.Containers[0].Image; image != "registry.example.net/netconf_exporter:v1.0.0" {
		t.Errorf("the image is %s", image)
	}
	for _, m := range c.configMaps {
		if text, found := m.Data["netconf.yml"]; found && text != "targets: []" {
			t.Errorf("the configuration is %s", text)
		}
	}
}
