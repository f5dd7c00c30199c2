// Command netconf_exporter is a Prometheus exporter for every device that speaks NETCONF.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

const name = "netconf_exporter"

// lastMoment is how long the program may take to end, in whatever it hangs.
const lastMoment = 4500 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // a second Ctrl-C ends the program at once
		time.AfterFunc(lastMoment, func() {
			command.PrintError(os.Stderr, fmt.Errorf("something hangs, perhaps a file; ended after %v all the same", lastMoment))
			os.Exit(1)
		})
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command that the arguments name and returns the exit status.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	ended := false // --help or --version were asked for, and the parser has printed them
	app := kingpin.New(name, "A Prometheus exporter for every device that speaks NETCONF. \"help COMMAND\" shows the flags of a command; \"help serve\" those of the exporter itself.")
	app.HelpFlag.Short('h')
	app.Version(version.Print(name))
	app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(func(int) { ended = true })

	env := &command.Environment{Logger: slog.New(slog.DiscardHandler), Stdout: stdout, Stderr: stderr}
	app.Flag("config.file", "Configuration file; repeatable, globs allowed.").Default(command.DefaultConfigFile).StringsVar(&env.ConfigFiles)
	check := app.Flag("config.check", "Validate the configuration and exit: 0 good, 1 bad.").Bool()
	logged := false
	level := app.Flag("log.level", "Lowest level to log: debug, info, warn or error. Commands other than serve log only if it is set.").
		Default("info").IsSetByUser(&logged).Enum("debug", "info", "warn", "error")
	format := app.Flag("log.format", "Format of log lines: logfmt or json.").Default(command.FormatLogfmt).Enum(command.FormatLogfmt, command.FormatJSON)
	commands := addCommands(app)

	chosen, err := app.Parse(arguments)
	if ended {
		return 0
	}
	if err != nil {
		command.PrintError(stderr, fmt.Errorf("%w; see %s --help", err, name))
		return 1
	}
	todo := commands[chosen]
	if _, serves := todo.(*command.Serve); serves || logged {
		var least slog.Level
		_ = least.UnmarshalText([]byte(*level)) // the parser has let in known levels only
		env.Logger = command.NewLogger(stderr, least, *format)
	}
	if *check {
		checks := command.Check{}
		if serve, serves := todo.(*command.Serve); serves {
			checks.WebConfigFile = *serve.Web.WebConfigFile
		}
		todo = checks
	}
	if err := todo.Run(ctx, env); err != nil {
		command.PrintError(stderr, err)
		return 1
	}
	return 0
}

// addCommands defines the commands and their flags.
func addCommands(app *kingpin.Application) map[string]command.Command {
	commands := map[string]command.Command{}
	add := func(name, help string, c command.Command) *kingpin.CmdClause {
		commands[name] = c
		return app.Command(name, help)
	}

	serve := &command.Serve{}
	c := add("serve", "Serve metrics over HTTP (the default command).", serve).Default()
	serve.Web = kingpinflag.AddFlags(c, ":10830")
	c.Flag("config.auto-reload-interval", "How often to check whether files of the configuration, including target_files, have changed, and to reload it then; 0: never.").Default("0s").DurationVar(&serve.AutoReload)
	c.Flag("web.telemetry-path", "Path of the metrics of all targets.").Default("/metrics").StringVar(&serve.TelemetryPath)
	c.Flag("timeout-offset", "Seconds to subtract from Prometheus' scrape timeout.").Default("0.5").Float64Var(&serve.TimeoutOffset)
	c.Flag("collector.targets", "Read all configured targets at the telemetry path. Otherwise that has only the exporter's own metrics.").
		Default("true").BoolVar(&serve.Targets)
	c.Flag("collector.max-dials", "Maximum number of logins at a time, over all targets.").Default("64").IntVar(&serve.MaxDials)
	c.Flag("web.enable-admin-api", "Allow targets to be added, changed and removed at run time, by the REST API and the web pages.").BoolVar(&serve.Admin.Enabled)
	c.Flag("storage.path", "Folder for targets that are added at run time, and for the last lists of inventories.").Default("data/").StringVar(&serve.Admin.StoragePath)
	c.Flag("web.external-url", "URL under which people reach the exporter, if that is not the address that it listens on.").StringVar(&serve.Admin.ExternalURL)
	c.Flag("web.grafana-url", "URL of Grafana; the web pages of targets link to its dashboards.").StringVar(&serve.Admin.GrafanaURL)
	c.Flag("collector.memory-limit", "Memory for all devices together, such as 512MiB; the device that takes most is given up first. 0: no limit. "+
		"The default is half of GOMEMLIMIT, of the cgroup's limit or of the machine's memory.").StringVar(&serve.MemoryLimit)
	c.Flag("web.max-requests", "Maximum number of requests at a time; more are refused with 503. A low memory limit lowers it: one for each MiB, but at least 64. 0: no limit.").Default("2000").IntVar(&serve.MaxScrapes)

	probe := &command.Probe{}
	c = add("probe", "Scrape a device once: metrics on stdout, the timeline on stderr.", probe)
	addDevice(c, &probe.Device)
	c.Flag("module", "Module to read instead of the target's modules; repeatable.").StringsVar(&probe.Modules)
	c.Flag("explain", "Print on stderr, path by path, what matched in the replies and what did not, and which values were left out and why.").BoolVar(&probe.Explain)

	get := &command.Get{}
	c = add("get", "Read from a device once and print the reply as XML.", get)
	addDevice(c, &get.Device)
	c.Arg("what", "Path, such as /ietf-interfaces:interfaces-state, or the XML of an operation that reads. The default is everything.").StringVar(&get.What)

	discover := &command.Discover{}
	c = add("discover", "List the YANG modules of a device, the exporter's modules that fit it, and what no module reads.", discover)
	addDevice(c, &discover.Device)
	c.Flag("all", "List the device's capabilities too, and the exporter's modules that do not fit.").BoolVar(&discover.All)

	hostkey := &command.HostKey{}
	c = add("hostkey", "Print the host keys of a device as known_hosts lines and fingerprints, or its certificates, without logging in.", hostkey)
	c.Arg("address", "HOST, HOST:PORT or [IPV6]:PORT. The default port is that of the transport, 830 for ssh.").StringVar(&hostkey.Address)
	c.Flag("transport", "How the device is reached: ssh, tls or restconf. For the last two, its certificates are printed.").Default(string(config.TransportSSH)).
		EnumVar((*string)(&hostkey.Transport), string(config.TransportSSH), string(config.TransportTLS), string(config.TransportRESTCONF))
	c.Flag("call-home", "Address at which to wait for a device that calls home, such as :4334, instead of connecting to ADDRESS.").StringVar(&hostkey.CallHome)
	c.Flag("proxy-jump", "Jump host of the configuration to go through.").StringVar(&hostkey.ProxyJump)
	c.Flag("proxy-url", "Proxy to go through, such as socks5://127.0.0.1:1080 or http://192.0.2.1:3128.").StringVar((*string)(&hostkey.ProxyURL))

	add("hash-password", "Print the hash of a password, for basic_auth_users in --web.config.file. Asks on the terminal, or reads a line.", command.HashPassword{})

	generate := &command.Generate{}
	addGenerate(add("generate", "Generate a module and its metrics from YANG files or from a device.", generate), generate)

	simulate := &command.Simulate{}
	addSimulation(add("simulate", "Run simulated devices that speak NETCONF over SSH or TLS, or RESTCONF.", simulate), simulate)

	demo := &command.Demo{}
	c = add("demo", "Run a simulated network and an exporter that reads it; nothing needs to be configured.", demo)
	c.Flag("web.listen-address", "Address of the exporter. Devices can be added only if it is a loopback address.").Default("127.0.0.1:10830").StringVar(&demo.ListenAddress)
	c.Flag("faults.listen-address", "Address where faults of the simulated network are set and cleared; empty: nowhere.").Default("127.0.0.1:10831").StringVar(&demo.FaultsAddress)
	return commands
}

func addDevice(c *kingpin.CmdClause, d *command.Device) {
	c.Arg("target", "Name of a configured target, or any address if --auth is set.").Required().StringVar(&d.Target)
	c.Flag("auth", "Name of the auth to use for an address that is not configured.").StringVar(&d.Auth)
	addStorage(c, d)
}

func addStorage(c *kingpin.CmdClause, d *command.Device) {
	c.Flag("storage.path", "Storage folder of an exporter, with the targets that were added at run time and those of inventories.").Default("data/").StringVar(&d.StoragePath)
}

func addGenerate(c *kingpin.CmdClause, g *command.Generate) {
	c.Flag("yang-dir", "Directory with YANG files, searched with its subdirectories; repeatable.").StringsVar(&g.YANGDirs)
	c.Flag("target", "Device to fetch YANG from: name of a configured target, or any address if --auth is set.").StringVar(&g.Target)
	c.Flag("auth", "Name of the auth to use for an address that is not configured.").StringVar(&g.Auth)
	addStorage(c, &g.Device)
	c.Flag("name", "Name of the generated module; the default is the name of the YANG module.").StringVar(&g.Name)
	c.Flag("prefix", "Prefix of the metric names; the default is the name of the YANG module.").StringVar(&g.Prefix)
	c.Flag("model", "YANG module to load too, because it augments the paths and no other module imports it; repeatable.").StringsVar(&g.Models)
	c.Flag("descriptions", "Make labels of descriptions in the device's configuration.").BoolVar(&g.Descriptions)
	c.Flag("output", "File to write; -: stdout.").Short('o').Default("-").StringVar(&g.Output)
	c.Arg("path", "Path to read, such as /ietf-interfaces:interfaces-state; repeatable.").Required().StringsVar(&g.Paths)
}

func addSimulation(c *kingpin.CmdClause, s *command.Simulate) {
	c.Flag("devices", "Number of devices.").Default("1").IntVar(&s.Devices)
	c.Flag("interfaces", "Number of interfaces of each device.").Default("24").IntVar(&s.Interfaces)
	c.Flag("listen", "Address of the first device; the others use the ports after it. Port 0: free ports.").Default("127.0.0.1:0").StringVar(&s.Listen)
	c.Flag("call-home", "HOST:PORT that the devices connect to (Call Home), instead of listening.").StringVar(&s.CallHome)
	c.Flag("username", "User name that the devices accept.").Default("netconf").StringVar(&s.Username)
	c.Flag("password", "Password of that user.").Default("netconf").StringVar(&s.Password)
	c.Flag("form", "YANG module of the interfaces: state (RFC 7223) or nmda (RFC 8343).").Default(simulator.FormState).EnumVar(&s.Form, simulator.FormState, simulator.FormNMDA)
	c.Flag("transport", "How the devices are reached: ssh, tls (NETCONF over either) or restconf.").Default(simulator.TransportSSH).EnumVar(&s.Transport, simulator.Transports()...)
	fields := c.Flag("fields", "Over RESTCONF, the devices know the query parameter fields.").Default("true").Bool()
	framing := c.Flag("framing", "NETCONF framing: 1.0 or 1.1.").Default("1.1").Enum("1.0", "1.1")
	c.Flag("chunk-size", "Octets in each chunk of framing 1.1; 0: one chunk for the whole reply.").Default("0").IntVar(&s.ChunkSize)
	c.Flag("login-delay", "Delay before each login is accepted or refused.").Default("0s").DurationVar(&s.LoginDelay)
	c.Flag("reply-delay", "Delay before each reply.").Default("0s").DurationVar(&s.ReplyDelay)
	c.Flag("silent", "Number of devices, the last ones, that accept TCP connections and send nothing.").Default("0").IntVar(&s.Silent)
	c.Flag("seed", "Seed of the numbers and of the host key.").Default("0").Uint64Var(&s.Seed)
	c.Flag("scenario", "File with a network to simulate, instead of devices that have interfaces only; demo: the built-in network.").StringVar(&s.Scenario)
	c.Flag("fault", "Fault of a device of the scenario, as DEVICE:KIND or DEVICE:KIND:WHERE, such as core-1:psu; repeatable.").StringsVar(&s.Faults)
	c.Flag("write-config", "File for a configuration with all devices as targets; -: stdout.").StringVar(&s.WriteConfig)
	c.Action(func(*kingpin.ParseContext) error {
		s.Base10, s.NoFields = *framing == "1.0", !*fields
		return nil
	})
}
