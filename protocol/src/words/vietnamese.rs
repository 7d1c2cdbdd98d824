//! The findings in Vietnamese.

use super::Explanation;
use crate::findings::Finding;

/// What happened, the usual cause, what to do.
const fn words(what: &'static str, why: &'static str, remedy: &'static str) -> Explanation {
    Explanation { what, why, remedy }
}

/// There is no connection, and a browser does not report the cause. It is a constant for pages that need no other
/// finding.
pub const UNREACHABLE: Explanation = words(
    "Không kết nối được tới {host}.",
    "Tên hoặc cổng sai, không có máy chủ nào ở đó, hoặc chứng chỉ không được chấp nhận; trình duyệt không phân biệt các trường hợp này.",
    "Hãy chạy `causerie doctor {url}` trong cửa sổ dòng lệnh để phân biệt, hoặc mở {url} trong một thẻ riêng và đọc thông báo của trình duyệt.",
);

/// The explanation of a finding, with placeholders such as `{name}`.
#[must_use]
pub fn finding(finding: Finding) -> Explanation {
    use Finding as F;
    match finding {
        F::AllWell => words("Mọi thứ đều ổn.", "Tất cả các bước kiểm tra đều đạt.", "Bạn không cần làm gì."),
        F::SettingUnusable => words(
            "Có một thiết lập không dùng được: {reason}.",
            "Một giá trị trong `.env`, trong biến môi trường hoặc tùy chọn bị viết sai, hoặc mâu thuẫn với giá trị khác.",
            "Hãy sửa theo câu trên; `docs/CONFIGURATION.md` liệt kê mọi thiết lập. Sau đó chạy lại `causerie doctor`.",
        ),
        F::FolderNotWritable => words(
            "Không ghi được vào thư mục của cơ sở dữ liệu, {folder}.",
            "Thư mục không tồn tại, hoặc thuộc về người dùng khác với người khởi động Causerie.",
            "Hãy tạo thư mục và giao quyền, ví dụ `mkdir -p {folder}` và `chown causerie {folder}`, hoặc chọn tệp khác bằng `DATABASE_URL=sqlite:PATH`.",
        ),
        F::DatabaseUnusable => words(
            "Không dùng được cơ sở dữ liệu: {reason}.",
            "Cơ sở dữ liệu chưa chạy, `DATABASE_URL` trỏ sai chỗ hoặc sai mật khẩu, hoặc tệp không phải là cơ sở dữ liệu của Causerie.",
            "Hãy khởi động nó (`systemctl start postgresql`) hoặc sửa `DATABASE_URL`; lệnh `psql \"$DATABASE_URL\" -c 'select 1'` thử địa chỉ đó.",
        ),
        F::RedisUnusable => words(
            "Không dùng được Redis: {reason}.",
            "`USE_REDIS` đang bật, nhưng Redis chưa chạy, hoặc `REDIS_URL` trỏ sai chỗ hay sai mật khẩu.",
            "Hãy khởi động nó (`systemctl start redis-server`) hoặc sửa `REDIS_URL`; nếu chỉ có một máy chủ thì đừng đặt `USE_REDIS`.",
        ),
        F::PortTaken => words(
            "Cổng {port} đang bị chương trình khác dùng.",
            "Một máy chủ cũ vẫn đang chạy, hoặc chương trình khác đang lắng nghe ở đó.",
            "Lệnh `ss -ltnp 'sport = :{port}'` cho biết đó là chương trình nào: hãy dừng nó, hoặc chọn cổng khác bằng `--port` hay `CAUSERIE_PORT`.",
        ),
        F::TooFewFiles => words(
            "Hệ thống chỉ cho chương trình này mở {limit} tệp; nên có {needed}.",
            "Mỗi kết nối là một tệp đang mở, mà giới hạn mặc định thường thấp.",
            "Hãy chạy `ulimit -n {needed}` trước khi khởi động máy chủ, hoặc đặt `LimitNOFILE={needed}` trong tệp dịch vụ systemd.",
        ),
        F::AddressWrong => words(
            "Đây không phải là địa chỉ mà một máy chủ có thể có.",
            "Có chỗ viết sai hoặc viết thiếu.",
            "Hãy viết giao thức, tên máy và, nếu khác mặc định, số cổng, ví dụ `https://chat.example.org` hoặc `http://127.0.0.1:8000`.",
        ),
        F::TokenInAddress => words(
            "Token nằm trong địa chỉ, và máy chủ từ chối token ở đó.",
            "Các ứng dụng cũ gửi nó dưới dạng `?token=…`; địa chỉ được lưu trong nhật ký và lịch sử, nơi người khác đọc được.",
            "Hãy gửi nó như một giao thức con, `new WebSocket(url, ['Bearer', token])`, hoặc đưa cho lệnh này bằng `--token-file`. Vì có thể đã bị lộ, hãy đăng xuất rồi đăng nhập lại để lấy token mới.",
        ),
        F::MixedContent => words(
            "Trang dùng https còn địa chỉ máy chủ thì không, nên trình duyệt chặn kết nối.",
            "Trang được tải qua TLS không được mở kết nối không mã hóa.",
            "Hãy dùng `https://{host}`, với một proxy có TLS đứng trước Causerie hoặc với `--tls-cert` và `--tls-key`. Để thử trên cùng một máy, hãy mở cả trang qua http.",
        ),
        F::PageOffline => words(
            "Thiết bị này đang ngoại tuyến.",
            "Wi-Fi, dữ liệu di động hoặc cáp mạng đang tắt, hoặc chế độ máy bay đang bật.",
            "Hãy nối thiết bị vào mạng. Trang sẽ tự kết nối lại.",
        ),
        F::NameNotFound => words(
            "Không tìm thấy địa chỉ nào cho tên {host}.",
            "Tên bị viết sai, thiếu bản ghi DNS, hoặc không liên lạc được với máy chủ DNS.",
            "Hãy kiểm tra chính tả; lệnh `getent hosts {host}` hỏi hệ thống. Nếu tên đúng, hãy thêm bản ghi A hoặc AAAA, hoặc một dòng trong `/etc/hosts`.",
        ),
        F::NothingListens => words(
            "Không có gì lắng nghe tại {host}, cổng {port}.",
            "Máy chủ chưa chạy, hoặc lắng nghe ở cổng hay địa chỉ khác.",
            "Hãy khởi động nó bằng `causerie serve -p {port}`. Nếu nó đang chạy, hãy xem dòng `listening on …` mà nó in ra: 127.0.0.1 chỉ truy cập được từ chính máy đó (`--bind`).",
        ),
        F::NoAnswer => words(
            "{host}, cổng {port}, không trả lời.",
            "Tường lửa chặn gói tin, máy đang tắt, hoặc địa chỉ thuộc mạng khác.",
            "Hãy kiểm tra máy có chạy không, và mở cổng trong tường lửa của máy và của nhà cung cấp, ví dụ `ufw allow {port}/tcp`.",
        ),
        F::Unreachable => UNREACHABLE,
        F::CertificateRefused => words(
            "Chứng chỉ TLS của {host} không được chấp nhận.",
            "Nó đã hết hạn, được cấp cho tên khác, hoặc do một nơi mà hệ thống này không biết ký.",
            "Hãy gia hạn hoặc lấy chứng chỉ cho tên này, ví dụ `certbot --nginx -d {host}`, và gửi cả chuỗi (`fullchain.pem`). Lệnh `openssl s_client -connect {host}:443 -servername {host}` hiển thị nó.",
        ),
        F::TlsNotSpoken => words(
            "{host}, cổng {port}, không dùng TLS, còn địa chỉ lại ghi https.",
            "Bản thân Causerie phục vụ http thường nếu không có chứng chỉ; https là của cổng proxy.",
            "Hãy viết `http://` cho cổng này, hoặc dùng cổng của proxy có TLS, hoặc khởi động Causerie với `--tls-cert` và `--tls-key`.",
        ),
        F::Redirected => words(
            "Địa chỉ này chuyển hướng sang {to}, mà WebSocket không đi theo chuyển hướng.",
            "Một proxy chuyển http sang https, hoặc chuyển tên này sang tên khác.",
            "Hãy dùng {to} làm địa chỉ.",
        ),
        F::BadGateway => words(
            "Một proxy trả lời, nhưng máy chủ phía sau thì không (mã {status}).",
            "Causerie chưa chạy, hoặc proxy tìm nó ở địa chỉ hay cổng khác.",
            "Hãy khởi động Causerie trên máy của proxy và so sánh `proxy_pass` hoặc `reverse_proxy` với dòng `listening on …`. Chạy `causerie doctor http://127.0.0.1:8000` ở đó để hỏi trực tiếp.",
        ),
        F::DjangoRunserver => words(
            "Máy chủ phát triển của Django đang trả lời ở đó, mà nó không có WebSocket.",
            "`manage.py runserver` đã được khởi động thay cho máy chủ chat.",
            "Hãy dừng nó và khởi động Causerie thay vào: `causerie serve -p 8000`.",
        ),
        F::NotCauserie => words(
            "Có chương trình trả lời ở đó, nhưng không phải Causerie.",
            "Địa chỉ hoặc cổng thuộc về chương trình khác, chẳng hạn một máy chủ web, hoặc proxy không chuyển tiếp `/api/` và `/ws/`.",
            "Hãy kiểm tra cổng. Nếu có proxy, hãy để nó chuyển mọi đường dẫn tới Causerie: `location / { proxy_pass http://127.0.0.1:8000; }`; thư mục `deploy/` có ví dụ đầy đủ.",
        ),
        F::VersionsDiffer => words(
            "Phiên bản khác nhau: ở đây là {ours}, ở máy chủ là {theirs}.",
            "Một bên đã được cập nhật còn bên kia thì chưa.",
            "Hãy tải lại trang, nếu cần thì bằng Ctrl+Shift+R; ở dòng lệnh hãy dùng chương trình cùng phiên bản với máy chủ.",
        ),
        F::Draining => words(
            "Máy chủ sắp dừng hoặc khởi động lại và không nhận kết nối mới.",
            "Nó được yêu cầu dừng, thường là để cập nhật.",
            "Hãy đợi vài giây rồi thử lại. Nếu nó không trở lại, hãy khởi động: `systemctl start causerie`.",
        ),
        F::DatabaseUnreachable => words(
            "Máy chủ không liên lạc được với cơ sở dữ liệu.",
            "Cơ sở dữ liệu chưa chạy, bị quá tải, hoặc mạng giữa hai bên bị ngắt.",
            "Trên máy chủ hãy chạy `causerie doctor` trong thư mục chứa `.env`, khởi động cơ sở dữ liệu (`systemctl start postgresql`) và kiểm tra `DATABASE_URL`.",
        ),
        F::RedisUnreachable => words(
            "Máy chủ không liên lạc được với Redis.",
            "Redis chưa chạy, hoặc `REDIS_URL` sai. Trong lúc đó không mất gì, nhưng tin nhắn từ các nút khác đến muộn.",
            "Hãy khởi động nó (`systemctl start redis-server`) và kiểm tra `REDIS_URL` bằng `redis-cli -u \"$REDIS_URL\" ping`. Nếu chỉ có một máy chủ, hãy bỏ `USE_REDIS`.",
        ),
        F::NodesUnheard => words(
            "Nhiều máy chủ dùng chung một cơ sở dữ liệu mà không nghe thấy nhau.",
            "Có máy chủ chạy không có Redis hoặc với Redis khác. Không mất gì, nhưng tin nhắn từ máy chủ khác đến chậm vài giây; trạng thái trực tuyến, đang gõ và cuộc trò chuyện mới thì không đến.",
            "Hãy chạy mọi máy chủ với `USE_REDIS=true` và cùng một `REDIS_URL`. Nếu chỉ cần một máy chủ, hãy dừng các máy chủ khác.",
        ),
        F::ProxyChangesHost => words(
            "Máy chủ của chính trang này coi nó là trang lạ: proxy báo rằng {seen} được yêu cầu, trong khi thật ra là {host}.",
            "Proxy ghi tên của nó vào tiêu đề `Host`.",
            "Hãy để proxy giữ nguyên tên; trong nginx: `proxy_set_header Host $http_host;`. Hoặc cho phép trang bằng `CAUSERIE_ALLOWED_ORIGINS={origin}`.",
        ),
        F::OriginNotAllowed => words(
            "Các trang của {origin} không được phép kết nối tới máy chủ này.",
            "Trang được tải từ địa chỉ khác với địa chỉ của máy chủ, và địa chỉ đó không có trong danh sách của máy chủ.",
            "Hãy đặt `CAUSERIE_ALLOWED_ORIGINS={origin}` (hoặc `--allow-origin {origin}`) trên máy chủ rồi khởi động lại; nhiều giá trị thì cách nhau bằng dấu phẩy. Hoặc mở trang của chính máy chủ.",
        ),
        F::Full => words(
            "Máy chủ đã đầy và lúc này không nhận thêm kết nối.",
            "Số kết nối đang mở đã đạt mức tối đa của máy chủ, hoặc của một địa chỉ; sau một proxy mà máy chủ không tin cậy, mọi người được tính là một địa chỉ.",
            "Hãy thử lại sau. Người vận hành có thể nâng `CAUSERIE_MAX_SOCKETS` hoặc `CAUSERIE_MAX_SOCKETS_PER_ADDRESS`, khai báo proxy trong `CAUSERIE_TRUSTED_PROXIES` (`docs/CONFIGURATION.md`), hoặc thêm máy chủ.",
        ),
        F::TooOften => words(
            "Máy chủ yêu cầu tạm nghỉ.",
            "Quá nhiều kết nối hoặc yêu cầu đến từ đây trong thời gian ngắn, hoặc người này đang mở quá nhiều kết nối.",
            "Hãy đóng các thẻ và chương trình khác dùng tài khoản này, đợi một phút rồi thử lại. Nếu có proxy, máy chủ phải biết nó là proxy tin cậy (`docs/CONFIGURATION.md`), nếu không mọi người bị tính là một địa chỉ.",
        ),
        F::ProxyDropsUpgrade => words(
            "Một proxy không chuyển tiếp WebSocket: yêu cầu mở kết nối đến máy chủ như một yêu cầu thường.",
            "Proxy thiếu các dòng chuyển tiếp tiêu đề `Upgrade` và `Connection`.",
            "Trong nginx hãy thêm vào location: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`. Trong Apache hãy nạp `mod_proxy_wstunnel`. Sau đó nạp lại proxy.",
        ),
        F::ProxyDropsSubprotocol => words(
            "Một proxy bỏ mất tiêu đề `Sec-WebSocket-Protocol`, nơi token được gửi.",
            "Nó xóa hoặc ghi đè những tiêu đề mà nó không biết.",
            "Hãy để tiêu đề đó đi qua nguyên vẹn theo cả hai chiều. Trong nginx hãy bỏ `proxy_set_header Sec-WebSocket-Protocol …` và `proxy_hide_header Sec-WebSocket-Protocol`, hoặc đặt nó thành `$http_sec_websocket_protocol`.",
        ),
        F::SocketBlocked => words(
            "Trang thì đi qua được, nhưng WebSocket không mở được.",
            "Một proxy, tường lửa, trình quét vi-rút hoặc tiện ích trình duyệt ở giữa chặn WebSocket hoặc câu trả lời của nó.",
            "Hãy thử mạng khác và cửa sổ riêng tư. Nếu được, hãy cho phép WebSocket ở nơi đang chặn; TLS (`https://`) thường đi qua được nơi http thường bị chặn.",
        ),
        F::SocketSilent => words(
            "WebSocket mở được, nhưng không có gì đi qua.",
            "Một proxy giữ lại những gì máy chủ gửi.",
            "Hãy tắt bộ đệm của proxy; trong nginx: `proxy_buffering off;`. Nếu không có proxy, hãy xem nhật ký của máy chủ.",
        ),
        F::NoToken => words(
            "Kết nối hoạt động, nhưng không có token nên máy chủ không biết bạn là ai.",
            "Bạn chưa đăng nhập ở đây, hoặc chưa đưa token.",
            "Hãy đăng nhập, hoặc dán token vào. Ở dòng lệnh, hãy ghi token vào một tệp rồi chỉ ra tệp đó: `causerie doctor URL --token-file FILE`.",
        ),
        F::TokenMalformed => words(
            "Token này không phải loại mà máy chủ cấp.",
            "Nó bị cắt hoặc thay đổi khi sao chép, hoặc có khoảng trắng, dấu nháy hay ký tự khác mà giao thức con không chứa được.",
            "Hãy sao chép lại trọn vẹn và chỉ token: 64 chữ cái, chữ số, `-` và `_`. Hoặc đăng nhập lại.",
        ),
        F::TokenUnknown => words(
            "Máy chủ không biết token này.",
            "Token của máy chủ khác, hoặc cơ sở dữ liệu đã bị thay.",
            "Hãy đăng nhập lại ở máy chủ này. Nếu mọi người đều bị đăng xuất, hãy kiểm tra `DATABASE_URL` có trỏ đúng cơ sở dữ liệu không.",
        ),
        F::TokenExpired => {
            words("Token đã hết hạn.", "Mỗi lần đăng nhập có hiệu lực 30 ngày.", "Hãy đăng nhập lại.")
        }
        F::TokenRevoked => words(
            "Token đã bị thu hồi.",
            "Ai đó đã đăng xuất bằng token này, hoặc kết thúc phiên đăng nhập này ở nơi khác.",
            "Hãy đăng nhập lại.",
        ),
        F::ChatNotFound => words(
            "Không có cuộc trò chuyện {chat} cho người này.",
            "Số bị sai, cuộc trò chuyện đã bị xóa, hoặc người này không tham gia; máy chủ không nói rõ, để không ai dò được những gì tồn tại.",
            "Hãy kiểm tra số: `GET /api/chats/` liệt kê các cuộc trò chuyện của người này. Hoặc nhờ người trong cuộc trò chuyện thêm bạn vào.",
        ),
        F::ClosedByServer => words(
            "Máy chủ đã đóng kết nối với mã {code}: {what}.",
            "Mã đó cho biết lý do; `docs/PROTOCOL.md` liệt kê tất cả.",
            "Hãy thử lại sau giây lát. Nếu vẫn xảy ra, hãy tìm `WebSocket` trong nhật ký của máy chủ.",
        ),
        F::ClockSkew => words(
            "Đồng hồ của thiết bị này và của máy chủ lệch nhau {seconds} giây.",
            "Một trong hai không được chỉnh theo mạng, nên giờ hiển thị sai và phiên đăng nhập có thể hết hạn quá sớm hoặc quá muộn.",
            "Hãy bật giờ tự động trên thiết bị này; trên máy chủ: `timedatectl set-ntp true`.",
        ),
        F::SlowRoundTrip => words(
            "Mọi thứ hoạt động nhưng chậm: mỗi câu trả lời mất {milliseconds} ms.",
            "Mạng chậm hoặc xa, có VPN ở giữa, hoặc máy chủ bị quá tải.",
            "Hãy thử mạng khác. Trên máy chủ hãy xem tải (`top`); nếu ở đó trả lời nhanh (`causerie doctor http://127.0.0.1:8000`) thì nguyên nhân là mạng.",
        ),
        F::ProxyCutsIdle => words(
            "Kết nối bị cắt sau {seconds} giây không có gì được gửi.",
            "Một proxy ngắt các kết nối im lặng sớm hơn nhịp ping của máy chủ, {heartbeat} giây một lần.",
            "Hãy nâng giới hạn của proxy cao hơn hẳn {heartbeat} giây; trong nginx: `proxy_read_timeout 1h; proxy_send_timeout 1h;`, trong HAProxy: `timeout tunnel 1h`.",
        ),
        F::Unexplained => words(
            "Kết nối thất bại, và các bước kiểm tra không tìm ra lý do.",
            "Đây là nguyên nhân mà chương trình này chưa biết.",
            "Hãy sao chép báo cáo và tìm `WebSocket` trong nhật ký của máy chủ vào cùng phút đó. Chạy `causerie doctor URL` ngay trên máy chủ để biết có phải do mạng không.",
        ),
    }
}
