//! The doctor's checks with their names, and the headings of its report.

use serde::{Deserialize, Serialize};

texts! {
    /// A check of the doctor, in their order, with the name that a person reads.
    #[derive(Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Check {
        /// Options, variables and `.env`.
        Settings: "Settings", "Thiết lập";
        /// The folder of the database's file.
        Folder: "Folder of the database", "Thư mục cơ sở dữ liệu";
        /// The database, from this program.
        LocalDatabase: "Database", "Cơ sở dữ liệu";
        /// Redis, from this program.
        LocalRedis: "Redis", "Redis";
        /// The port to listen on.
        Port: "Port", "Cổng";
        /// How many files the program may open.
        Files: "Limit of open files", "Giới hạn tệp đang mở";
        /// The address as it was written.
        Address: "Address", "Địa chỉ";
        /// A page on https may not open sockets on http.
        Mixed: "Page and socket go together", "Trang và kết nối phù hợp nhau";
        /// Whether the device has a network.
        Online: "Device is online", "Thiết bị có mạng";
        /// Whether the name has an address.
        Name: "Name has an address", "Tên có địa chỉ";
        /// Whether something listens.
        Listening: "Something listens there", "Có chương trình lắng nghe";
        /// Whether the TLS certificate is accepted.
        Certificate: "TLS certificate", "Chứng chỉ TLS";
        /// Whether it is Causerie that answers.
        Causerie: "Causerie answers", "Causerie trả lời";
        /// Whether the versions fit.
        Version: "Versions fit", "Phiên bản phù hợp";
        /// Whether the server accepts connections, or drains.
        Serving: "Server takes connections", "Máy chủ nhận kết nối";
        /// Whether the server reaches its database.
        Database: "Server reaches its database", "Máy chủ tới được cơ sở dữ liệu";
        /// Whether the server reaches the other nodes.
        Redis: "Server reaches Redis", "Máy chủ tới được Redis";
        /// Whether pages of this origin may connect.
        Origin: "Page may connect", "Trang được phép kết nối";
        /// Whether a socket opens.
        Upgrade: "Socket opens", "WebSocket mở được";
        /// Whether the offered subprotocols arrive.
        Subprotocol: "Subprotocols arrive", "Giao thức con đến nơi";
        /// Whether the token is good.
        Token: "Token is good", "Token hợp lệ";
        /// Whether the person is in the chat.
        Chat: "Chat is open to this person", "Người này vào được cuộc trò chuyện";
        /// Whether the clocks agree.
        Clock: "Clocks agree", "Đồng hồ khớp nhau";
        /// How long an answer takes.
        RoundTrip: "Answers come quickly", "Trả lời nhanh";
        /// Whether an idle connection lasts until the server's ping.
        Idle: "A quiet connection lasts", "Kết nối im lặng vẫn giữ được";
    }
}

texts! {
    /// The headings of a report, its figures, and the results of checks.
    Heading {
        Report: "Causerie connection report", "Báo cáo kết nối Causerie";
        Server: "server", "máy chủ";
        Chat: "chat", "cuộc trò chuyện";
        Page: "page", "trang";
        Doctor: "doctor", "bộ chẩn đoán";
        AnsweredBy: "answered by", "bên trả lời";
        Connect: "connect", "kết nối";
        RoundTrip: "round trip", "khứ hồi";
        Clock: "clock", "đồng hồ";
        Quiet: "quiet", "im lặng";
        Why: "Why that usually is", "Nguyên nhân thường gặp";
        Remedy: "What to do", "Cách xử lý";
        /// A check that passed.
        Passed: "ok", "đạt";
        /// A check that found something.
        Failed: "failed", "lỗi";
        /// A check that can't be made here.
        Skipped: "not checked", "không kiểm tra";
        /// A check that is running.
        Running: "checking", "đang kiểm tra";
    }
}
