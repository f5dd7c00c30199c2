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

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

const name = "netconf_exporter"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the arguments say and returns the exit status.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	ended := false // the parser did all that was asked: --help, --version
	app := kingpin.New(name, "A Prometheus exporter for every device that speaks NETCONF. \"help COMMAND\" shows the flags of a command, those of serve among them.")
	app.HelpFlag.Short('h')
	app.Version(version.Print(name))
	app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(func(int) { ended = true })

	env := &command.Environment{Logger: slog.New(slog.DiscardHandler), Stdout: stdout, Stderr: stderr}
	app.Flag("config.file", "Configuration file; repeatable, globs allowed.").Default(command.DefaultConfigFile).StringsVar(&env.ConfigFiles)
	check := app.Flag("config.check", "Validate the configuration and exit: 0 good, 1 bad.").Bool()
	logged := false
	level := app.Flag("log.level", "Least severity to log: debug, info, warn or error. Without it only serve logs, from info on.").
		Default("info").IsSetByUser(&logged).Enum("debug", "info", "warn", "error")
	format := app.Flag("log.format", "Form of log lines: logfmt or json.").Default(command.FormatLogfmt).Enum(command.FormatLogfmt, command.FormatJSON)
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
		todo = command.Check{}
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
	c.Flag("web.telemetry-path", "Path that gives the metrics of all targets.").Default("/metrics").StringVar(&serve.TelemetryPath)
	c.Flag("timeout-offset", "Seconds taken off Prometheus' scrape timeout.").Default("0.5").Float64Var(&serve.TimeoutOffset)
	c.Flag("collector.targets", "The telemetry path reads all configured targets; without, it has the exporter's own metrics alone.").
		Default("true").BoolVar(&serve.Targets)
	c.Flag("collector.max-dials", "Logins in flight over all targets.").Default("64").IntVar(&serve.MaxDials)
	c.Flag("web.max-requests", "Scrapes in flight; more are refused with 503. 0: no limit.").Default("2000").IntVar(&serve.MaxScrapes)

	probe := &command.Probe{}
	c = add("probe", "One scrape of a device: metrics on stdout, how the time went on stderr.", probe)
	addDevice(c, &probe.Device)
	c.Flag("module", "Module to read in place of the target's own; repeatable.").StringsVar(&probe.Modules)

	get := &command.Get{}
	c = add("get", "One read of a device, as XML.", get)
	addDevice(c, &get.Device)
	c.Arg("what", "Path, such as /ietf-interfaces:interfaces-state, or the XML of a reading operation; without, everything.").StringVar(&get.What)

	discover := &command.Discover{}
	c = add("discover", "Which models a device has, which modules fit it and why, and what is left unread.", discover)
	addDevice(c, &discover.Device)
	c.Flag("all", "List the device's capabilities too.").BoolVar(&discover.All)

	hostkey := &command.HostKey{}
	c = add("hostkey", "The host keys of a device, as known_hosts lines and fingerprints to paste; it logs in nowhere.", hostkey)
	c.Arg("address", "HOST, HOST:PORT or [IPV6]:PORT; port 830 where there is none.").Required().StringVar(&hostkey.Address)

	generate := &command.Generate{}
	addGenerate(add("generate", "A module and its metrics from YANG: from files, or straight from a device.", generate), generate)

	simulate := &command.Simulate{}
	addSimulation(add("simulate", "Simulated NETCONF devices over real SSH.", simulate), simulate)

	demo := &command.Demo{}
	c = add("demo", "A simulated network and the exporter, nothing to configure.", demo)
	c.Flag("web.listen-address", "Address of the exporter.").Default(":10830").StringVar(&demo.ListenAddress)
	c.Flag("faults.listen-address", "Address at which faults of the simulated network are set and cleared; empty: none.").Default("127.0.0.1:10831").StringVar(&demo.FaultsAddress)
	return commands
}

func addDevice(c *kingpin.CmdClause, d *command.Device) {
	c.Arg("target", "Name of a configured target, or with --auth any address.").Required().StringVar(&d.Target)
	c.Flag("auth", "Auth of the configuration to use at an address that is not configured.").StringVar(&d.Auth)
}

func addGenerate(c *kingpin.CmdClause, g *command.Generate) {
	c.Flag("yang-dir", "Folder that has YANG files, in it or below it; repeatable.").StringsVar(&g.YANGFolders)
	c.Flag("target", "Device that gives its own YANG: name of a configured target, or with --auth any address.").StringVar(&g.Target)
	c.Flag("auth", "Auth of the configuration to use at an address that is not configured.").StringVar(&g.Auth)
	c.Flag("name", "Name of the module; without, that of the model.").StringVar(&g.Name)
	c.Flag("prefix", "What the names of its metrics begin with; without, the name of the model.").StringVar(&g.Prefix)
	c.Flag("model", "Model that adds to what is at the paths, where it is not found without being named; repeatable.").StringsVar(&g.Models)
	c.Flag("descriptions", "Make the descriptions in the configuration labels.").BoolVar(&g.Descriptions)
	c.Flag("output", "File to write; - is stdout.").Short('o').Default("-").StringVar(&g.Output)
	c.Arg("path", "What to read, such as /ietf-interfaces:interfaces-state; several are allowed.").Required().StringsVar(&g.Paths)
}

func addSimulation(c *kingpin.CmdClause, s *command.Simulate) {
	c.Flag("devices", "How many devices.").Default("1").IntVar(&s.Devices)
	c.Flag("interfaces", "Interfaces of each.").Default("24").IntVar(&s.Interfaces)
	c.Flag("listen", "Address of the first device, the others take the ports after it; port 0: free ports.").Default("127.0.0.1:0").StringVar(&s.Listen)
	c.Flag("username", "User that may log in.").Default("netconf").StringVar(&s.Username)
	c.Flag("password", "Password of that user.").Default("netconf").StringVar(&s.Password)
	c.Flag("form", "Model of the interfaces: state (RFC 7223) or nmda (RFC 8343).").Default(simulator.FormState).EnumVar(&s.Form, simulator.FormState, simulator.FormNMDA)
	framing := c.Flag("framing", "NETCONF framing: 1.0 or 1.1.").Default("1.1").Enum("1.0", "1.1")
	c.Flag("chunk-size", "Octets in a chunk of framing 1.1; 0: the whole reply in one.").Default("0").IntVar(&s.ChunkSize)
	c.Flag("login-delay", "How long a login takes.").Default("0s").DurationVar(&s.LoginDelay)
	c.Flag("reply-delay", "How long a reply lets itself be waited for.").Default("0s").DurationVar(&s.ReplyDelay)
	c.Flag("silent", "The last so many devices accept TCP and never say a word.").Default("0").IntVar(&s.Silent)
	c.Flag("seed", "Another seed gives other numbers and another host key.").Default("0").Uint64Var(&s.Seed)
	c.Flag("scenario", "Simulate the network in this file, in place of devices with interfaces alone; demo: the built-in one.").StringVar(&s.Scenario)
	c.Flag("fault", "What is wrong with a device of the scenario, as DEVICE:KIND or DEVICE:KIND:WHERE, such as core-1:psu; repeatable.").StringsVar(&s.Faults)
	c.Flag("write-config", "Write a configuration with all devices as targets to this file; - is stdout.").StringVar(&s.WriteConfig)
	c.Action(func(*kingpin.ParseContext) error {
		s.Base10 = *framing == "1.0"
		return nil
	})
}
