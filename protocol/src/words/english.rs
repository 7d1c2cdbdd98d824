//! The findings in English.

use super::Explanation;
use crate::findings::Finding;

/// What happened, the usual cause, what to do.
const fn words(what: &'static str, why: &'static str, remedy: &'static str) -> Explanation {
    Explanation { what, why, remedy }
}

/// There is no connection, and a browser does not report the cause. It is a constant for pages that need no other
/// finding.
pub const UNREACHABLE: Explanation = words(
    "There is no connection to {host}.",
    "The name or the port is wrong, no server listens there, or its certificate is not accepted; a browser does not tell these apart.",
    "Run `causerie doctor {url}` in a terminal, which tells them apart, or open {url} in a tab of its own and read what the browser says.",
);

/// The explanation of a finding, with placeholders such as `{name}`.
#[must_use]
pub fn finding(finding: Finding) -> Explanation {
    use Finding as F;
    match finding {
        F::AllWell => words("All is well.", "Every check passed.", "Nothing needs to be done."),
        F::SettingUnusable => words(
            "A setting can't be used: {reason}.",
            "A value in `.env`, in a variable or in an option is misspelt or does not go with another one.",
            "Correct it as the sentence says; `docs/CONFIGURATION.md` lists every setting. Then run `causerie doctor` again.",
        ),
        F::FolderNotWritable => words(
            "The folder of the database, {folder}, can't be written to.",
            "It does not exist, or it belongs to another user than the one who starts Causerie.",
            "Make it and hand it over, for example `mkdir -p {folder}` and `chown causerie {folder}`, or name another file with `DATABASE_URL=sqlite:PATH`.",
        ),
        F::DatabaseUnusable => words(
            "The database can't be used: {reason}.",
            "It is not running, `DATABASE_URL` names another place or password, or the file is no database of Causerie.",
            "Start it (`systemctl start postgresql`) or correct `DATABASE_URL`; `psql \"$DATABASE_URL\" -c 'select 1'` tries the address by hand.",
        ),
        F::RedisUnusable => words(
            "Redis can't be used: {reason}.",
            "`USE_REDIS` is on, and Redis is not running or `REDIS_URL` names another place or password.",
            "Start it (`systemctl start redis-server`) or correct `REDIS_URL`; with a single server leave `USE_REDIS` unset.",
        ),
        F::PortTaken => words(
            "Port {port} is taken by another program.",
            "An old server still runs, or something else listens there.",
            "`ss -ltnp 'sport = :{port}'` shows which program it is: stop that one, or choose another port with `--port` or `CAUSERIE_PORT`.",
        ),
        F::TooFewFiles => words(
            "The system lets this program open {limit} files; {needed} are advised.",
            "Every socket is an open file, and the usual limit of a shell is low.",
            "Run `ulimit -n {needed}` before you start the server, or set `LimitNOFILE={needed}` in its systemd unit.",
        ),
        F::AddressWrong => words(
            "This is not an address that a server can have.",
            "Something is misspelt or missing.",
            "Write a scheme, a host and, if it is not the usual one, a port, for example `https://chat.example.org` or `http://127.0.0.1:8000`.",
        ),
        F::TokenInAddress => words(
            "The token stands in the address, and the server refuses it there.",
            "Older clients sent it as `?token=…`; addresses end up in logs and histories, where others can read them.",
            "Offer it as a subprotocol, `new WebSocket(url, ['Bearer', token])`, or give it to this command with `--token-file`. Since it may have been read, sign out and sign in again for a new one.",
        ),
        F::MixedContent => words(
            "The page is on https and the server's address is not, so the browser blocks the connection.",
            "A page that was loaded over TLS may not open sockets without it.",
            "Use `https://{host}`, with a proxy that speaks TLS before Causerie or with `--tls-cert` and `--tls-key`. For a try on one machine open the page over http too.",
        ),
        F::PageOffline => words(
            "This device is offline.",
            "Wi-Fi, mobile data or the cable is off, or flight mode is on.",
            "Connect the device to a network. The page reconnects by itself.",
        ),
        F::NameNotFound => words(
            "There is no address for the name {host}.",
            "The name is misspelt, its DNS entry is missing, or the DNS server can't be reached.",
            "Check the spelling; `getent hosts {host}` asks the system. If the name is right, add an A or AAAA record for it or an entry in `/etc/hosts`.",
        ),
        F::NothingListens => words(
            "Nothing listens at {host}, port {port}.",
            "The server is not running, or it listens on another port or another address.",
            "Start it, `causerie serve -p {port}`. If it runs, look at the line `listening on …` that it prints: 127.0.0.1 can be reached from its own machine only (`--bind`).",
        ),
        F::NoAnswer => words(
            "{host}, port {port}, does not answer.",
            "A firewall drops the packets, the machine is off, or the address is one of another network.",
            "Check that the machine runs, and open the port in its firewall and its provider's, for example `ufw allow {port}/tcp`.",
        ),
        F::Unreachable => UNREACHABLE,
        F::CertificateRefused => words(
            "The TLS certificate of {host} was not accepted.",
            "It expired, is made for another name, or was signed by nobody whom this system knows.",
            "Renew it or get one for this name, for example `certbot --nginx -d {host}`, and serve the whole chain (`fullchain.pem`). `openssl s_client -connect {host}:443 -servername {host}` shows it.",
        ),
        F::TlsNotSpoken => words(
            "{host}, port {port}, does not speak TLS, and the address says https.",
            "Causerie itself serves plain http unless it has a certificate; https belongs to the proxy's port.",
            "Write `http://` for this port, or use the port of the proxy that speaks TLS, or start Causerie with `--tls-cert` and `--tls-key`.",
        ),
        F::Redirected => words(
            "The address leads on to {to}, and sockets do not follow.",
            "A proxy sends http to https, or one name to another.",
            "Use {to} as the address.",
        ),
        F::BadGateway => words(
            "A proxy answers, but the server behind it does not (status {status}).",
            "Causerie is not running, or the proxy looks for it at another address or port.",
            "Start Causerie on the proxy's machine and compare the proxy's `proxy_pass` or `reverse_proxy` with the line `listening on …`. `causerie doctor http://127.0.0.1:8000` there asks it directly.",
        ),
        F::DjangoRunserver => words(
            "Django's development server answers there, and it has no WebSockets.",
            "`manage.py runserver` was started instead of a chat server.",
            "Stop it and start Causerie in its place, `causerie serve -p 8000`.",
        ),
        F::NotCauserie => words(
            "Something answers there, but it is not Causerie.",
            "The address or the port belongs to another program, such as a web server, or a proxy does not pass `/api/` and `/ws/` on.",
            "Check the port. If a proxy is there, let it pass every path to Causerie, `location / { proxy_pass http://127.0.0.1:8000; }`; `deploy/` has whole examples.",
        ),
        F::VersionsDiffer => words(
            "The versions differ: {ours} here, {theirs} at the server.",
            "One of them was updated and the other was not.",
            "Reload the page, with Ctrl+Shift+R if need be; in a terminal use the program of the server's version.",
        ),
        F::Draining => words(
            "The server is about to stop or restart and takes no new connections.",
            "It was told to end, usually for an update.",
            "Wait a few seconds and try again. If it does not come back, start it: `systemctl start causerie`.",
        ),
        F::DatabaseUnreachable => words(
            "The server does not reach its database.",
            "The database is not running, is overloaded, or the network between them is cut.",
            "On the server run `causerie doctor` in the folder of its `.env`, start the database (`systemctl start postgresql`), and check `DATABASE_URL`.",
        ),
        F::RedisUnreachable => words(
            "The server does not reach Redis.",
            "Redis is not running, or `REDIS_URL` is wrong. Nothing is lost meanwhile, but messages from other nodes come late.",
            "Start it (`systemctl start redis-server`), and check `REDIS_URL` with `redis-cli -u \"$REDIS_URL\" ping`. With a single server unset `USE_REDIS`.",
        ),
        F::NodesUnheard => words(
            "Several servers use one database and do not hear each other.",
            "One runs without Redis or with another one. Nothing is lost, but messages of the others come some seconds late; presence, typing and new chats not at all.",
            "Start every server with `USE_REDIS=true` and the same `REDIS_URL`. If there should be one only, stop the others.",
        ),
        F::ProxyChangesHost => words(
            "The page's own server takes it for a foreign page: a proxy says that {seen} was asked for, and it was {host}.",
            "The proxy puts its own name in the header `Host`.",
            "Let it pass the name on; in nginx `proxy_set_header Host $http_host;`. Or allow the page by `CAUSERIE_ALLOWED_ORIGINS={origin}`.",
        ),
        F::OriginNotAllowed => words(
            "Pages of {origin} may not connect to this server.",
            "The page was loaded from another address than the server's own, and that address is not in the server's list.",
            "Set `CAUSERIE_ALLOWED_ORIGINS={origin}` (or `--allow-origin {origin}`) at the server and start it again; separate several by commas. Or open the server's own page.",
        ),
        F::Full => words(
            "The server is full and takes no more connections just now.",
            "As many sockets are open as it may have, or as one address may have; behind a proxy that the server does not trust, everybody counts as one address.",
            "Try again later. Whoever runs it can raise `CAUSERIE_MAX_SOCKETS` or `CAUSERIE_MAX_SOCKETS_PER_ADDRESS`, name the proxy in `CAUSERIE_TRUSTED_PROXIES` (`docs/CONFIGURATION.md`), or add a server.",
        ),
        F::TooOften => words(
            "The server asks for a pause.",
            "Too many connections or requests came from here in a short time, or too many are open for this person.",
            "Close other tabs and programs that use this account, wait a minute, and try again. Behind a proxy the server must know it as trusted (`docs/CONFIGURATION.md`), or everybody counts as one address.",
        ),
        F::ProxyDropsUpgrade => words(
            "A proxy does not pass WebSockets on: the request for one reached the server as an ordinary one.",
            "The proxy lacks the lines that hand on the headers `Upgrade` and `Connection`.",
            "In nginx add to the location: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`. In Apache load `mod_proxy_wstunnel`. Then reload the proxy.",
        ),
        F::ProxyDropsSubprotocol => words(
            "A proxy leaves out the header `Sec-WebSocket-Protocol`, in which the token travels.",
            "It removes or overwrites headers that it does not know.",
            "Let it pass on unchanged, in both directions. In nginx remove `proxy_set_header Sec-WebSocket-Protocol …` and `proxy_hide_header Sec-WebSocket-Protocol`, or set it to `$http_sec_websocket_protocol`.",
        ),
        F::SocketBlocked => words(
            "Pages come through, but a socket does not open.",
            "A proxy, a firewall, a virus scanner or a browser extension between here and the server blocks WebSockets or their answers.",
            "Try another network and a private window. If that helps, allow WebSockets where they are blocked; TLS (`https://`) usually passes where plain http does not.",
        ),
        F::SocketSilent => words(
            "The socket opens, but nothing comes through it.",
            "A proxy keeps back what the server sends.",
            "Turn its buffering off; in nginx `proxy_buffering off;`. If none is there, look at the server's log.",
        ),
        F::NoToken => words(
            "The connection works, but there is no token, so the server does not know who you are.",
            "You are not signed in here, or no token was given.",
            "Sign in, or paste a token. In a terminal write it to a file and name that one: `causerie doctor URL --token-file FILE`.",
        ),
        F::TokenMalformed => words(
            "The token is not one that this server gives out.",
            "It was cut off or changed while it was copied, or holds a blank, a quote or another character that a subprotocol can't carry.",
            "Copy it again, whole and alone: 64 letters, digits, `-` and `_`. Or sign in again.",
        ),
        F::TokenUnknown => words(
            "The server does not know this token.",
            "It is one of another server, or the database was replaced.",
            "Sign in again at this server. If everybody is signed out, check that `DATABASE_URL` names the right database.",
        ),
        F::TokenExpired => {
            words("The token has expired.", "A sign-in is good for 30 days.", "Sign in again.")
        }
        F::TokenRevoked => words(
            "The token was revoked.",
            "Somebody signed out with it, or ended this sign-in elsewhere.",
            "Sign in again.",
        ),
        F::ChatNotFound => words(
            "There is no chat {chat} for this person.",
            "The number is wrong, the chat was deleted, or the person is not in it; the server does not tell which, so that nobody can find out what exists.",
            "Check the number: `GET /api/chats/` lists the person's chats. Or ask somebody in the chat to add you.",
        ),
        F::ClosedByServer => words(
            "The server closed the connection with the code {code}: {what}.",
            "The code says why; `docs/PROTOCOL.md` lists them all.",
            "Try again in a moment. If it happens again, look for `WebSocket` in the server's log.",
        ),
        F::ClockSkew => words(
            "The clocks of this device and the server are {seconds} s apart.",
            "One of them is not set by the network, so times look wrong, and sign-ins may end too early or too late.",
            "Turn on automatic time on this device; on the server `timedatectl set-ntp true`.",
        ),
        F::SlowRoundTrip => words(
            "Everything works, but slowly: an answer takes {milliseconds} ms.",
            "The network is slow or far, a VPN is in between, or the server is overloaded.",
            "Try another network. On the server look at its load (`top`); if answers are fast there (`causerie doctor http://127.0.0.1:8000`), it is the network.",
        ),
        F::ProxyCutsIdle => words(
            "The connection was cut after {seconds} s in which nothing was sent.",
            "A proxy ends quiet connections sooner than the server sends its pings, every {heartbeat} s.",
            "Raise the proxy's limit well above {heartbeat} s; in nginx `proxy_read_timeout 1h; proxy_send_timeout 1h;`, in HAProxy `timeout tunnel 1h`.",
        ),
        F::Unexplained => words(
            "The connection fails, and the checks did not find out why.",
            "It is a cause that this program does not know.",
            "Copy the report and look at the server's log of the same minute for `WebSocket`. `causerie doctor URL` on the server's own machine shows whether it is the network.",
        ),
    }
}
