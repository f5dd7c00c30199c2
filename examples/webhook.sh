#!/bin/sh
# Enough of a webhook, with nothing but busybox, to see what Alertmanager sends: the bodies of HTTP requests to port 9095 go to standard
# error. `webhook.sh answer` serves the one connection that is its standard input and output.

if [ "${1:-}" != answer ]; then
  while :; do nc -l -p 9095 -e sh "$0" answer; done
fi

length=0
while read -r line; do
  line=$(printf %s "$line" | tr -d '\r')
  case "$line" in
    [Cc]ontent-[Ll]ength:*) length=${line#*: } ;;
    "") break ;;
  esac
done
head -c "$length" >&2
echo >&2
printf 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
