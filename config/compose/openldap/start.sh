#!/bin/sh
# Seeds an empty slapd with the demo's people through the running server, so that its overlays see them, then stays with it.
set -eu
CONF=${CONF:-/openldap/slapd.conf} SEED=${SEED:-/seed.ldif} POLICY=${POLICY:-/openldap/policy.ldif}
DATA=${DATA:-/var/lib/sallyport-ldap} RUN=${RUN:-/run/slapd} URL=${URL:-ldap://0.0.0.0:389} SELF=${SELF:-ldap://127.0.0.1:389}
mkdir -p "$DATA" "$RUN"
slapd -d none -f "$CONF" -h "$URL" &
slapd=$!
trap 'kill $slapd' TERM INT
until ldapsearch -x -H "$SELF" -b '' -s base >/dev/null 2>&1; do
  kill -0 $slapd
  sleep 0.2
done
for ldif in "$SEED" "$POLICY"; do
  # 68: the entries are there from an earlier start.
  ldapadd -x -H "$SELF" -D cn=admin,dc=demo,dc=test -w admin-demo-1234 -f "$ldif" >/dev/null || [ $? = 68 ]
done
wait $slapd
