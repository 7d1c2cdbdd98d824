//! Findings: what can be wrong with a connection or an installation, one name for each cause, and what to do.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Explanation, Language};

macro_rules! findings {
    ($($(#[doc = $doc:literal])+ $name:ident = $wire:literal, [$(($detail:literal, $example:literal)),*]:
        $what:literal, $why:literal, $remedy:literal;
        $what_vi:literal, $why_vi:literal, $remedy_vi:literal;)+) => {
        /// What the doctor found: one cause, or that all is well.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Finding {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Finding {
            /// Every finding, in the order in which the doctor looks for them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name for programs, as in the JSON report.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $wire,)+
                }
            }

            /// The finding with this name.
            pub fn from_wire(name: &str) -> Option<Self> {
                match name {
                    $($wire => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// The placeholders of its explanation, each with an example.
            pub fn details(self) -> &'static [(&'static str, &'static str)] {
                match self {
                    $(Self::$name => &[$(($detail, $example)),*],)+
                }
            }
        }

        explanations! {
            explanation(Finding) {
                $(Finding::$name => $what, $why, $remedy; $what_vi, $why_vi, $remedy_vi;)+
            }
        }
    };
}

findings! {
    /// Nothing is wrong.
    AllWell = "all_well", []:
        "All is well.",
        "Every check passed.",
        "Nothing needs to be done.";
        "Mọi thứ đều ổn.",
        "Tất cả các bước kiểm tra đều đạt.",
        "Bạn không cần làm gì.";
    /// A setting of the server can't be used.
    SettingUnusable = "setting_unusable", [("reason", "DATABASE_URL is not a URL: write sqlite:PATH")]:
        "A setting can't be used: {reason}.",
        "A value in `.env`, in a variable or in an option is misspelt or does not go with another one.",
        "Correct it as the sentence says; `docs/CONFIGURATION.md` lists every setting. Then run `causerie doctor` again.";
        "Có một thiết lập không dùng được: {reason}.",
        "Một giá trị trong `.env`, trong biến môi trường hoặc tùy chọn bị viết sai, hoặc mâu thuẫn với giá trị khác.",
        "Hãy sửa theo câu trên; `docs/CONFIGURATION.md` liệt kê mọi thiết lập. Sau đó chạy lại `causerie doctor`.";
    /// The folder of the database can't be written to.
    FolderNotWritable = "folder_not_writable", [("folder", "/var/lib/causerie")]:
        "The folder of the database, {folder}, can't be written to.",
        "It does not exist, or it belongs to another user than the one who starts Causerie.",
        "Make it and hand it over, for example `mkdir -p {folder}` and `chown causerie {folder}`, or name another file with `DATABASE_URL=sqlite:PATH`.";
        "Không ghi được vào thư mục của cơ sở dữ liệu, {folder}.",
        "Thư mục không tồn tại, hoặc thuộc về người dùng khác với người khởi động Causerie.",
        "Hãy tạo thư mục và giao quyền, ví dụ `mkdir -p {folder}` và `chown causerie {folder}`, hoặc chọn tệp khác bằng `DATABASE_URL=sqlite:PATH`.";
    /// The program could not use the database at start.
    DatabaseUnusable = "database_unusable", [("reason", "the database that DATABASE_URL names can't be reached")]:
        "The database can't be used: {reason}.",
        "It is not running, `DATABASE_URL` names another place or password, or the file is no database of Causerie.",
        "Start it (`systemctl start postgresql`) or correct `DATABASE_URL`; `psql \"$DATABASE_URL\" -c 'select 1'` tries the address by hand.";
        "Không dùng được cơ sở dữ liệu: {reason}.",
        "Cơ sở dữ liệu chưa chạy, `DATABASE_URL` trỏ sai chỗ hoặc sai mật khẩu, hoặc tệp không phải là cơ sở dữ liệu của Causerie.",
        "Hãy khởi động nó (`systemctl start postgresql`) hoặc sửa `DATABASE_URL`; lệnh `psql \"$DATABASE_URL\" -c 'select 1'` thử địa chỉ đó.";
    /// The program could not use Redis at start.
    RedisUnusable = "redis_unusable", [("reason", "Redis can't be reached")]:
        "Redis can't be used: {reason}.",
        "`USE_REDIS` is on, and Redis is not running or `REDIS_URL` names another place or password.",
        "Start it (`systemctl start redis-server`) or correct `REDIS_URL`; with a single server leave `USE_REDIS` unset.";
        "Không dùng được Redis: {reason}.",
        "`USE_REDIS` đang bật, nhưng Redis chưa chạy, hoặc `REDIS_URL` trỏ sai chỗ hay sai mật khẩu.",
        "Hãy khởi động nó (`systemctl start redis-server`) hoặc sửa `REDIS_URL`; nếu chỉ có một máy chủ thì đừng đặt `USE_REDIS`.";
    /// Another program has the port.
    PortTaken = "port_taken", [("port", "8000")]:
        "Port {port} is taken by another program.",
        "An old server still runs, or something else listens there.",
        "`ss -ltnp 'sport = :{port}'` shows which program it is: stop that one, or choose another port with `--port` or `CAUSERIE_PORT`.";
        "Cổng {port} đang bị chương trình khác dùng.",
        "Một máy chủ cũ vẫn đang chạy, hoặc chương trình khác đang lắng nghe ở đó.",
        "Lệnh `ss -ltnp 'sport = :{port}'` cho biết đó là chương trình nào: hãy dừng nó, hoặc chọn cổng khác bằng `--port` hay `CAUSERIE_PORT`.";
    /// The system lets the program open too few files for the sockets that it may serve.
    TooFewFiles = "too_few_files", [("limit", "1024"), ("needed", "8192")]:
        "The system lets this program open {limit} files; {needed} are advised.",
        "Every socket is an open file, and the usual limit of a shell is low.",
        "Run `ulimit -n {needed}` before you start the server, or set `LimitNOFILE={needed}` in its systemd unit.";
        "Hệ thống chỉ cho chương trình này mở {limit} tệp; nên có {needed}.",
        "Mỗi kết nối là một tệp đang mở, mà giới hạn mặc định thường thấp.",
        "Hãy chạy `ulimit -n {needed}` trước khi khởi động máy chủ, hoặc đặt `LimitNOFILE={needed}` trong tệp dịch vụ systemd.";
    /// The address is invalid, or not one that a socket can have.
    AddressWrong = "address_wrong", []:
        "This is not an address that a server can have.",
        "Something is misspelt or missing.",
        "Write a scheme, a host and, if it is not the usual one, a port, for example `https://chat.example.org` or `http://127.0.0.1:8000`.";
        "Đây không phải là địa chỉ mà một máy chủ có thể có.",
        "Có chỗ viết sai hoặc viết thiếu.",
        "Hãy viết giao thức, tên máy và, nếu khác mặc định, số cổng, ví dụ `https://chat.example.org` hoặc `http://127.0.0.1:8000`.";
    /// There is a token in the address.
    TokenInAddress = "token_in_address", []:
        "The token stands in the address, and the server refuses it there.",
        "Older clients sent it as `?token=…`; addresses end up in logs and histories, where others can read them.",
        "Offer it as a subprotocol, `new WebSocket(url, ['Bearer', token])`, or give it to this command with `--token-file`. Since it may have been read, sign out and sign in again for a new one.";
        "Token nằm trong địa chỉ, và máy chủ từ chối token ở đó.",
        "Các ứng dụng cũ gửi nó dưới dạng `?token=…`; địa chỉ được lưu trong nhật ký và lịch sử, nơi người khác đọc được.",
        "Hãy gửi nó như một giao thức con, `new WebSocket(url, ['Bearer', token])`, hoặc đưa cho lệnh này bằng `--token-file`. Vì có thể đã bị lộ, hãy đăng xuất rồi đăng nhập lại để lấy token mới.";
    /// The page is on https and the socket is not.
    MixedContent = "mixed_content", [("host", "chat.example.org")]:
        "The page is on https and the server's address is not, so the browser blocks the connection.",
        "A page that was loaded over TLS may not open sockets without it.",
        "Use `https://{host}`, with a proxy that speaks TLS before Causerie or with `--tls-cert` and `--tls-key`. For a try on one machine open the page over http too.";
        "Trang dùng https còn địa chỉ máy chủ thì không, nên trình duyệt chặn kết nối.",
        "Trang được tải qua TLS không được mở kết nối không mã hóa.",
        "Hãy dùng `https://{host}`, với một proxy có TLS đứng trước Causerie hoặc với `--tls-cert` và `--tls-key`. Để thử trên cùng một máy, hãy mở cả trang qua http.";
    /// The device has no network.
    PageOffline = "page_offline", []:
        "This device is offline.",
        "Wi-Fi, mobile data or the cable is off, or flight mode is on.",
        "Connect the device to a network. The page reconnects by itself.";
        "Thiết bị này đang ngoại tuyến.",
        "Wi-Fi, dữ liệu di động hoặc cáp mạng đang tắt, hoặc chế độ máy bay đang bật.",
        "Hãy nối thiết bị vào mạng. Trang sẽ tự kết nối lại.";
    /// No address belongs to the name.
    NameNotFound = "name_not_found", [("host", "chat.example.org")]:
        "There is no address for the name {host}.",
        "The name is misspelt, its DNS entry is missing, or the DNS server can't be reached.",
        "Check the spelling; `getent hosts {host}` asks the system. If the name is right, add an A or AAAA record for it or an entry in `/etc/hosts`.";
        "Không tìm thấy địa chỉ nào cho tên {host}.",
        "Tên bị viết sai, thiếu bản ghi DNS, hoặc không liên lạc được với máy chủ DNS.",
        "Hãy kiểm tra chính tả; lệnh `getent hosts {host}` hỏi hệ thống. Nếu tên đúng, hãy thêm bản ghi A hoặc AAAA, hoặc một dòng trong `/etc/hosts`.";
    /// The machine answers that nothing listens on the port.
    NothingListens = "nothing_listens", [("host", "chat.example.org"), ("port", "8000")]:
        "Nothing listens at {host}, port {port}.",
        "The server is not running, or it listens on another port or another address.",
        "Start it, `causerie serve -p {port}`. If it runs, look at the line `listening on …` that it prints: 127.0.0.1 can be reached from its own machine only (`--bind`).";
        "Không có gì lắng nghe tại {host}, cổng {port}.",
        "Máy chủ chưa chạy, hoặc lắng nghe ở cổng hay địa chỉ khác.",
        "Hãy khởi động nó bằng `causerie serve -p {port}`. Nếu nó đang chạy, hãy xem dòng `listening on …` mà nó in ra: 127.0.0.1 chỉ truy cập được từ chính máy đó (`--bind`).";
    /// Nothing answers at all, in time.
    NoAnswer = "no_answer", [("host", "chat.example.org"), ("port", "8000")]:
        "{host}, port {port}, does not answer.",
        "A firewall drops the packets, the machine is off, or the address is one of another network.",
        "Check that the machine runs, and open the port in its firewall and its provider's, for example `ufw allow {port}/tcp`.";
        "{host}, cổng {port}, không trả lời.",
        "Tường lửa chặn gói tin, máy đang tắt, hoặc địa chỉ thuộc mạng khác.",
        "Hãy kiểm tra máy có chạy không, và mở cổng trong tường lửa của máy và của nhà cung cấp, ví dụ `ufw allow {port}/tcp`.";
    /// There is no connection, and a browser does not say why.
    Unreachable = "unreachable", [("host", "chat.example.org"), ("url", "https://chat.example.org/")]:
        "There is no connection to {host}.",
        "The name or the port is wrong, no server listens there, or its certificate is not accepted; a browser does not tell these apart.",
        "Run `causerie doctor {url}` in a terminal, which tells them apart, or open {url} in a tab of its own and read what the browser says.";
        "Không kết nối được tới {host}.",
        "Tên hoặc cổng sai, không có máy chủ nào ở đó, hoặc chứng chỉ không được chấp nhận; trình duyệt không phân biệt các trường hợp này.",
        "Hãy chạy `causerie doctor {url}` trong cửa sổ dòng lệnh để phân biệt, hoặc mở {url} trong một thẻ riêng và đọc thông báo của trình duyệt.";
    /// The server's TLS certificate was not accepted.
    CertificateRefused = "certificate_refused", [("host", "chat.example.org")]:
        "The TLS certificate of {host} was not accepted.",
        "It expired, is made for another name, or was signed by nobody whom this system knows.",
        "Renew it or get one for this name, for example `certbot --nginx -d {host}`, and serve the whole chain (`fullchain.pem`). `openssl s_client -connect {host}:443 -servername {host}` shows it.";
        "Chứng chỉ TLS của {host} không được chấp nhận.",
        "Nó đã hết hạn, được cấp cho tên khác, hoặc do một nơi mà hệ thống này không biết ký.",
        "Hãy gia hạn hoặc lấy chứng chỉ cho tên này, ví dụ `certbot --nginx -d {host}`, và gửi cả chuỗi (`fullchain.pem`). Lệnh `openssl s_client -connect {host}:443 -servername {host}` hiển thị nó.";
    /// The address says https and the port speaks plain http.
    TlsNotSpoken = "tls_not_spoken", [("host", "chat.example.org"), ("port", "8000")]:
        "{host}, port {port}, does not speak TLS, and the address says https.",
        "Causerie itself serves plain http unless it has a certificate; https belongs to the proxy's port.",
        "Write `http://` for this port, or use the port of the proxy that speaks TLS, or start Causerie with `--tls-cert` and `--tls-key`.";
        "{host}, cổng {port}, không dùng TLS, còn địa chỉ lại ghi https.",
        "Bản thân Causerie phục vụ http thường nếu không có chứng chỉ; https là của cổng proxy.",
        "Hãy viết `http://` cho cổng này, hoặc dùng cổng của proxy có TLS, hoặc khởi động Causerie với `--tls-cert` và `--tls-key`.";
    /// The address redirects to another one, which sockets do not follow.
    Redirected = "redirected", [("to", "https://chat.example.org")]:
        "The address leads on to {to}, and sockets do not follow.",
        "A proxy sends http to https, or one name to another.",
        "Use {to} as the address.";
        "Địa chỉ này chuyển hướng sang {to}, mà WebSocket không đi theo chuyển hướng.",
        "Một proxy chuyển http sang https, hoặc chuyển tên này sang tên khác.",
        "Hãy dùng {to} làm địa chỉ.";
    /// A proxy answers, and Causerie behind it does not.
    BadGateway = "bad_gateway", [("status", "502")]:
        "A proxy answers, but the server behind it does not (status {status}).",
        "Causerie is not running, or the proxy looks for it at another address or port.",
        "Start Causerie on the proxy's machine and compare the proxy's `proxy_pass` or `reverse_proxy` with the line `listening on …`. `causerie doctor http://127.0.0.1:8000` there asks it directly.";
        "Một proxy trả lời, nhưng máy chủ phía sau thì không (mã {status}).",
        "Causerie chưa chạy, hoặc proxy tìm nó ở địa chỉ hay cổng khác.",
        "Hãy khởi động Causerie trên máy của proxy và so sánh `proxy_pass` hoặc `reverse_proxy` với dòng `listening on …`. Chạy `causerie doctor http://127.0.0.1:8000` ở đó để hỏi trực tiếp.";
    /// Django's development server answers, which has no sockets.
    DjangoRunserver = "django_runserver", []:
        "Django's development server answers there, and it has no WebSockets.",
        "`manage.py runserver` was started instead of a chat server.",
        "Stop it and start Causerie in its place, `causerie serve -p 8000`.";
        "Máy chủ phát triển của Django đang trả lời ở đó, mà nó không có WebSocket.",
        "`manage.py runserver` đã được khởi động thay cho máy chủ chat.",
        "Hãy dừng nó và khởi động Causerie thay vào: `causerie serve -p 8000`.";
    /// Another program than Causerie responds.
    NotCauserie = "not_causerie", []:
        "Something answers there, but it is not Causerie.",
        "The address or the port belongs to another program, such as a web server, or a proxy does not pass `/api/` and `/ws/` on.",
        "Check the port. If a proxy is there, let it pass every path to Causerie, `location / { proxy_pass http://127.0.0.1:8000; }`; `deploy/` has whole examples.";
        "Có chương trình trả lời ở đó, nhưng không phải Causerie.",
        "Địa chỉ hoặc cổng thuộc về chương trình khác, chẳng hạn một máy chủ web, hoặc proxy không chuyển tiếp `/api/` và `/ws/`.",
        "Hãy kiểm tra cổng. Nếu có proxy, hãy để nó chuyển mọi đường dẫn tới Causerie: `location / { proxy_pass http://127.0.0.1:8000; }`; thư mục `deploy/` có ví dụ đầy đủ.";
    /// This program or page and the server have incompatible versions.
    VersionsDiffer = "versions_differ", [("ours", "0.1.0"), ("theirs", "0.2.0")]:
        "The versions differ: {ours} here, {theirs} at the server.",
        "One of them was updated and the other was not.",
        "Reload the page, with Ctrl+Shift+R if need be; in a terminal use the program of the server's version.";
        "Phiên bản khác nhau: ở đây là {ours}, ở máy chủ là {theirs}.",
        "Một bên đã được cập nhật còn bên kia thì chưa.",
        "Hãy tải lại trang, nếu cần thì bằng Ctrl+Shift+R; ở dòng lệnh hãy dùng chương trình cùng phiên bản với máy chủ.";
    /// The server drains.
    Draining = "draining", []:
        "The server is about to stop or restart and takes no new connections.",
        "It was told to end, usually for an update.",
        "Wait a few seconds and try again. If it does not come back, start it: `systemctl start causerie`.";
        "Máy chủ sắp dừng hoặc khởi động lại và không nhận kết nối mới.",
        "Nó được yêu cầu dừng, thường là để cập nhật.",
        "Hãy đợi vài giây rồi thử lại. Nếu nó không trở lại, hãy khởi động: `systemctl start causerie`.";
    /// The server does not reach its database.
    DatabaseUnreachable = "database_unreachable", []:
        "The server does not reach its database.",
        "The database is not running, is overloaded, or the network between them is cut.",
        "On the server run `causerie doctor` in the folder of its `.env`, start the database (`systemctl start postgresql`), and check `DATABASE_URL`.";
        "Máy chủ không liên lạc được với cơ sở dữ liệu.",
        "Cơ sở dữ liệu chưa chạy, bị quá tải, hoặc mạng giữa hai bên bị ngắt.",
        "Trên máy chủ hãy chạy `causerie doctor` trong thư mục chứa `.env`, khởi động cơ sở dữ liệu (`systemctl start postgresql`) và kiểm tra `DATABASE_URL`.";
    /// The server does not reach Redis.
    RedisUnreachable = "redis_unreachable", []:
        "The server does not reach Redis.",
        "Redis is not running, or `REDIS_URL` is wrong. Nothing is lost meanwhile, but messages from other nodes come late.",
        "Start it (`systemctl start redis-server`), and check `REDIS_URL` with `redis-cli -u \"$REDIS_URL\" ping`. With a single server unset `USE_REDIS`.";
        "Máy chủ không liên lạc được với Redis.",
        "Redis chưa chạy, hoặc `REDIS_URL` sai. Trong lúc đó không mất gì, nhưng tin nhắn từ các nút khác đến muộn.",
        "Hãy khởi động nó (`systemctl start redis-server`) và kiểm tra `REDIS_URL` bằng `redis-cli -u \"$REDIS_URL\" ping`. Nếu chỉ có một máy chủ, hãy bỏ `USE_REDIS`.";
    /// Other servers use the same database, and no bus connects them with this one.
    NodesUnheard = "nodes_unheard", []:
        "Several servers use one database and do not hear each other.",
        "One runs without Redis or with another one. Nothing is lost, but messages of the others come some seconds late; presence, typing and new chats not at all.",
        "Start every server with `USE_REDIS=true` and the same `REDIS_URL`. If there should be one only, stop the others.";
        "Nhiều máy chủ dùng chung một cơ sở dữ liệu mà không nghe thấy nhau.",
        "Có máy chủ chạy không có Redis hoặc với Redis khác. Không mất gì, nhưng tin nhắn từ máy chủ khác đến chậm vài giây; trạng thái trực tuyến, đang gõ và cuộc trò chuyện mới thì không đến.",
        "Hãy chạy mọi máy chủ với `USE_REDIS=true` và cùng một `REDIS_URL`. Nếu chỉ cần một máy chủ, hãy dừng các máy chủ khác.";
    /// A proxy forwards another host than the browser requested, so that the page looks like a foreign one.
    ProxyChangesHost = "proxy_changes_host", [("host", "chat.example.org"), ("seen", "127.0.0.1:8000"), ("origin", "https://chat.example.org")]:
        "The page's own server takes it for a foreign page: a proxy says that {seen} was asked for, and it was {host}.",
        "The proxy puts its own name in the header `Host`.",
        "Let it pass the name on; in nginx `proxy_set_header Host $http_host;`. Or allow the page by `CAUSERIE_ALLOWED_ORIGINS={origin}`.";
        "Máy chủ của chính trang này coi nó là trang lạ: proxy báo rằng {seen} được yêu cầu, trong khi thật ra là {host}.",
        "Proxy ghi tên của nó vào tiêu đề `Host`.",
        "Hãy để proxy giữ nguyên tên; trong nginx: `proxy_set_header Host $http_host;`. Hoặc cho phép trang bằng `CAUSERIE_ALLOWED_ORIGINS={origin}`.";
    /// The page's origin is not one that may open sockets.
    OriginNotAllowed = "origin_not_allowed", [("origin", "https://chat.example.org")]:
        "Pages of {origin} may not connect to this server.",
        "The page was loaded from another address than the server's own, and that address is not in the server's list.",
        "Set `CAUSERIE_ALLOWED_ORIGINS={origin}` (or `--allow-origin {origin}`) at the server and start it again; separate several by commas. Or open the server's own page.";
        "Các trang của {origin} không được phép kết nối tới máy chủ này.",
        "Trang được tải từ địa chỉ khác với địa chỉ của máy chủ, và địa chỉ đó không có trong danh sách của máy chủ.",
        "Hãy đặt `CAUSERIE_ALLOWED_ORIGINS={origin}` (hoặc `--allow-origin {origin}`) trên máy chủ rồi khởi động lại; nhiều giá trị thì cách nhau bằng dấu phẩy. Hoặc mở trang của chính máy chủ.";
    /// As many sockets are open as the server takes.
    Full = "full", []:
        "The server is full and takes no more connections just now.",
        "As many sockets are open as it may have, or as one address may have; behind a proxy that the server does not trust, everybody counts as one address.",
        "Try again later. Whoever runs it can raise `CAUSERIE_MAX_SOCKETS` or `CAUSERIE_MAX_SOCKETS_PER_ADDRESS`, name the proxy in `CAUSERIE_TRUSTED_PROXIES` (`docs/CONFIGURATION.md`), or add a server.";
        "Máy chủ đã đầy và lúc này không nhận thêm kết nối.",
        "Số kết nối đang mở đã đạt mức tối đa của máy chủ, hoặc của một địa chỉ; sau một proxy mà máy chủ không tin cậy, mọi người được tính là một địa chỉ.",
        "Hãy thử lại sau. Người vận hành có thể nâng `CAUSERIE_MAX_SOCKETS` hoặc `CAUSERIE_MAX_SOCKETS_PER_ADDRESS`, khai báo proxy trong `CAUSERIE_TRUSTED_PROXIES` (`docs/CONFIGURATION.md`), hoặc thêm máy chủ.";
    /// Too many connections or requests in too short a time.
    TooOften = "too_often", []:
        "The server asks for a pause.",
        "Too many connections or requests came from here in a short time, or too many are open for this person.",
        "Close other tabs and programs that use this account, wait a minute, and try again. Behind a proxy the server must know it as trusted (`docs/CONFIGURATION.md`), or everybody counts as one address.";
        "Máy chủ yêu cầu tạm nghỉ.",
        "Quá nhiều kết nối hoặc yêu cầu đến từ đây trong thời gian ngắn, hoặc người này đang mở quá nhiều kết nối.",
        "Hãy đóng các thẻ và chương trình khác dùng tài khoản này, đợi một phút rồi thử lại. Nếu có proxy, máy chủ phải biết nó là proxy tin cậy (`docs/CONFIGURATION.md`), nếu không mọi người bị tính là một địa chỉ.";
    /// A proxy forwards the handshake without its upgrade.
    ProxyDropsUpgrade = "proxy_drops_upgrade", []:
        "A proxy does not pass WebSockets on: the request for one reached the server as an ordinary one.",
        "The proxy lacks the lines that hand on the headers `Upgrade` and `Connection`.",
        "In nginx add to the location: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`. In Apache load `mod_proxy_wstunnel`. Then reload the proxy.";
        "Một proxy không chuyển tiếp WebSocket: yêu cầu mở kết nối đến máy chủ như một yêu cầu thường.",
        "Proxy thiếu các dòng chuyển tiếp tiêu đề `Upgrade` và `Connection`.",
        "Trong nginx hãy thêm vào location: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`. Trong Apache hãy nạp `mod_proxy_wstunnel`. Sau đó nạp lại proxy.";
    /// A proxy drops the offered subprotocols.
    ProxyDropsSubprotocol = "proxy_drops_subprotocol", []:
        "A proxy leaves out the header `Sec-WebSocket-Protocol`, in which the token travels.",
        "It removes or overwrites headers that it does not know.",
        "Let it pass on unchanged, in both directions. In nginx remove `proxy_set_header Sec-WebSocket-Protocol …` and `proxy_hide_header Sec-WebSocket-Protocol`, or set it to `$http_sec_websocket_protocol`.";
        "Một proxy bỏ mất tiêu đề `Sec-WebSocket-Protocol`, nơi token được gửi.",
        "Nó xóa hoặc ghi đè những tiêu đề mà nó không biết.",
        "Hãy để tiêu đề đó đi qua nguyên vẹn theo cả hai chiều. Trong nginx hãy bỏ `proxy_set_header Sec-WebSocket-Protocol …` và `proxy_hide_header Sec-WebSocket-Protocol`, hoặc đặt nó thành `$http_sec_websocket_protocol`.";
    /// The handshake does not reach the server, or its response gets lost.
    SocketBlocked = "socket_blocked", []:
        "Pages come through, but a socket does not open.",
        "A proxy, a firewall, a virus scanner or a browser extension between here and the server blocks WebSockets or their answers.",
        "Try another network and a private window. If that helps, allow WebSockets where they are blocked; TLS (`https://`) usually passes where plain http does not.";
        "Trang thì đi qua được, nhưng WebSocket không mở được.",
        "Một proxy, tường lửa, trình quét vi-rút hoặc tiện ích trình duyệt ở giữa chặn WebSocket hoặc câu trả lời của nó.",
        "Hãy thử mạng khác và cửa sổ riêng tư. Nếu được, hãy cho phép WebSocket ở nơi đang chặn; TLS (`https://`) thường đi qua được nơi http thường bị chặn.";
    /// The socket opens, and no frame comes.
    SocketSilent = "socket_silent", []:
        "The socket opens, but nothing comes through it.",
        "A proxy keeps back what the server sends.",
        "Turn its buffering off; in nginx `proxy_buffering off;`. If none is there, look at the server's log.";
        "WebSocket mở được, nhưng không có gì đi qua.",
        "Một proxy giữ lại những gì máy chủ gửi.",
        "Hãy tắt bộ đệm của proxy; trong nginx: `proxy_buffering off;`. Nếu không có proxy, hãy xem nhật ký của máy chủ.";
    /// There is no token.
    NoToken = "no_token", []:
        "The connection works, but there is no token, so the server does not know who you are.",
        "You are not signed in here, or no token was given.",
        "Sign in, or paste a token. In a terminal write it to a file and name that one: `causerie doctor URL --token-file FILE`.";
        "Kết nối hoạt động, nhưng không có token nên máy chủ không biết bạn là ai.",
        "Bạn chưa đăng nhập ở đây, hoặc chưa đưa token.",
        "Hãy đăng nhập, hoặc dán token vào. Ở dòng lệnh, hãy ghi token vào một tệp rồi chỉ ra tệp đó: `causerie doctor URL --token-file FILE`.";
    /// The token does not have the form of one.
    TokenMalformed = "token_malformed", []:
        "The token is not one that this server gives out.",
        "It was cut off or changed while it was copied, or holds a blank, a quote or another character that a subprotocol can't carry.",
        "Copy it again, whole and alone: 64 letters, digits, `-` and `_`. Or sign in again.";
        "Token này không phải loại mà máy chủ cấp.",
        "Nó bị cắt hoặc thay đổi khi sao chép, hoặc có khoảng trắng, dấu nháy hay ký tự khác mà giao thức con không chứa được.",
        "Hãy sao chép lại trọn vẹn và chỉ token: 64 chữ cái, chữ số, `-` và `_`. Hoặc đăng nhập lại.";
    /// The server never issued this token.
    TokenUnknown = "token_unknown", []:
        "The server does not know this token.",
        "It is one of another server, or the database was replaced.",
        "Sign in again at this server. If everybody is signed out, check that `DATABASE_URL` names the right database.";
        "Máy chủ không biết token này.",
        "Token của máy chủ khác, hoặc cơ sở dữ liệu đã bị thay.",
        "Hãy đăng nhập lại ở máy chủ này. Nếu mọi người đều bị đăng xuất, hãy kiểm tra `DATABASE_URL` có trỏ đúng cơ sở dữ liệu không.";
    /// The token has expired.
    TokenExpired = "token_expired", []:
        "The token has expired.",
        "A sign-in is good for 30 days.",
        "Sign in again.";
        "Token đã hết hạn.",
        "Mỗi lần đăng nhập có hiệu lực 30 ngày.",
        "Hãy đăng nhập lại.";
    /// The token was revoked.
    TokenRevoked = "token_revoked", []:
        "The token was revoked.",
        "Somebody signed out with it, or ended this sign-in elsewhere.",
        "Sign in again.";
        "Token đã bị thu hồi.",
        "Ai đó đã đăng xuất bằng token này, hoặc kết thúc phiên đăng nhập này ở nơi khác.",
        "Hãy đăng nhập lại.";
    /// The chat does not exist, or not for this person.
    ChatNotFound = "chat_not_found", [("chat", "42")]:
        "There is no chat {chat} for this person.",
        "The number is wrong, the chat was deleted, or the person is not in it; the server does not tell which, so that nobody can find out what exists.",
        "Check the number: `GET /api/chats/` lists the person's chats. Or ask somebody in the chat to add you.";
        "Không có cuộc trò chuyện {chat} cho người này.",
        "Số bị sai, cuộc trò chuyện đã bị xóa, hoặc người này không tham gia; máy chủ không nói rõ, để không ai dò được những gì tồn tại.",
        "Hãy kiểm tra số: `GET /api/chats/` liệt kê các cuộc trò chuyện của người này. Hoặc nhờ người trong cuộc trò chuyện thêm bạn vào.";
    /// The server closed the socket with another code.
    ClosedByServer = "closed_by_server", [("code", "4202"), ("what", "The connection had gone quiet and starts again.")]:
        "The server closed the connection with the code {code}: {what}.",
        "The code says why; `docs/PROTOCOL.md` lists them all.",
        "Try again in a moment. If it happens again, look for `WebSocket` in the server's log.";
        "Máy chủ đã đóng kết nối với mã {code}: {what}.",
        "Mã đó cho biết lý do; `docs/PROTOCOL.md` liệt kê tất cả.",
        "Hãy thử lại sau giây lát. Nếu vẫn xảy ra, hãy tìm `WebSocket` trong nhật ký của máy chủ.";
    /// The clocks of the device and the server are far apart.
    ClockSkew = "clock_skew", [("seconds", "120")]:
        "The clocks of this device and the server are {seconds} s apart.",
        "One of them is not set by the network, so times look wrong, and sign-ins may end too early or too late.",
        "Turn on automatic time on this device; on the server `timedatectl set-ntp true`.";
        "Đồng hồ của thiết bị này và của máy chủ lệch nhau {seconds} giây.",
        "Một trong hai không được chỉnh theo mạng, nên giờ hiển thị sai và phiên đăng nhập có thể hết hạn quá sớm hoặc quá muộn.",
        "Hãy bật giờ tự động trên thiết bị này; trên máy chủ: `timedatectl set-ntp true`.";
    /// Round trips are slow.
    SlowRoundTrip = "slow_round_trip", [("milliseconds", "900")]:
        "Everything works, but slowly: an answer takes {milliseconds} ms.",
        "The network is slow or far, a VPN is in between, or the server is overloaded.",
        "Try another network. On the server look at its load (`top`); if answers are fast there (`causerie doctor http://127.0.0.1:8000`), it is the network.";
        "Mọi thứ hoạt động nhưng chậm: mỗi câu trả lời mất {milliseconds} ms.",
        "Mạng chậm hoặc xa, có VPN ở giữa, hoặc máy chủ bị quá tải.",
        "Hãy thử mạng khác. Trên máy chủ hãy xem tải (`top`); nếu ở đó trả lời nhanh (`causerie doctor http://127.0.0.1:8000`) thì nguyên nhân là mạng.";
    /// A proxy ends connections on which nothing is sent for a while.
    ProxyCutsIdle = "proxy_cuts_idle", [("seconds", "3"), ("heartbeat", "25")]:
        "The connection was cut after {seconds} s in which nothing was sent.",
        "A proxy ends quiet connections sooner than the server sends its pings, every {heartbeat} s.",
        "Raise the proxy's limit well above {heartbeat} s; in nginx `proxy_read_timeout 1h; proxy_send_timeout 1h;`, in HAProxy `timeout tunnel 1h`.";
        "Kết nối bị cắt sau {seconds} giây không có gì được gửi.",
        "Một proxy ngắt các kết nối im lặng sớm hơn nhịp ping của máy chủ, {heartbeat} giây một lần.",
        "Hãy nâng giới hạn của proxy cao hơn hẳn {heartbeat} giây; trong nginx: `proxy_read_timeout 1h; proxy_send_timeout 1h;`, trong HAProxy: `timeout tunnel 1h`.";
    /// Something failed, and no check gives the cause.
    Unexplained = "unexplained", []:
        "The connection fails, and the checks did not find out why.",
        "It is a cause that this program does not know.",
        "Copy the report and look at the server's log of the same minute for `WebSocket`. `causerie doctor URL` on the server's own machine shows whether it is the network.";
        "Kết nối thất bại, và các bước kiểm tra không tìm ra lý do.",
        "Đây là nguyên nhân mà chương trình này chưa biết.",
        "Hãy sao chép báo cáo và tìm `WebSocket` trong nhật ký của máy chủ vào cùng phút đó. Chạy `causerie doctor URL` ngay trên máy chủ để biết có phải do mạng không.";
}

impl Finding {
    /// The explanation for a person. [`Finding::details`] has the names of its placeholders, and
    /// [`Explanation::fill`] replaces them.
    pub const fn explanation(self, language: Language) -> Explanation {
        explanation(self, language)
    }

    /// Whether nothing is wrong.
    pub fn is_well(self) -> bool {
        self == Self::AllWell
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Finding {
    /// A name that this version does not know is [`Finding::Unexplained`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(Self::from_wire(&name).unwrap_or(Self::Unexplained))
    }
}
