package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/term"
)

// HashPassword prints the bcrypt hash of a password, for basic_auth_users in --web.config.file.
type HashPassword struct {
	Stdin *os.File // nil: the process's own
}

// Run implements Command. It asks on a terminal, without echo and twice; from anything else it reads one line.
func (h HashPassword) Run(ctx context.Context, env *Environment) error {
	in := h.Stdin
	if in == nil {
		in = os.Stdin
	}
	password, err := readPassword(in, env.Stderr)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	case password == "":
		return errors.New("the password is empty; type one")
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if errors.Is(err, bcrypt.ErrPasswordTooLong) {
		return errors.New("the password is longer than the 72 bytes that bcrypt takes; choose a shorter one")
	}
	if err != nil {
		return fmt.Errorf("hash the password: %w", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "%s\n", hash)
	return err
}

func readPassword(in *os.File, prompt io.Writer) (string, error) {
	if !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(in, 1<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(text string) (string, error) {
		_, _ = fmt.Fprint(prompt, text)
		password, err := term.ReadPassword(int(in.Fd()))
		_, _ = fmt.Fprintln(prompt)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(password), nil
	}
	password, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("The same again: ")
	if err == nil && again != password {
		err = errors.New("the two passwords differ; try again")
	}
	return password, err
}
