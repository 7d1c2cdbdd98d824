//! Every text of the tester, in every language; the doctor's texts are in the protocol crate.

use causerie_protocol::bidi;
use causerie_protocol::words::Language;

macro_rules! words {
    ($($key:ident: $english:literal, $vietnamese:literal;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Text {
            $($key,)+
        }

        impl Text {
            pub const ALL: &'static [Self] = &[$(Self::$key,)+];

            pub fn in_language(self, language: Language) -> &'static str {
                match language {
                    Language::English => match self { $(Self::$key => $english,)+ },
                    Language::Vietnamese => match self { $(Self::$key => $vietnamese,)+ },
                }
            }
        }
    };
}

words! {
    Title: "Connection tester", "Kiểm tra kết nối";
    ToChat: "To the chats", "Về trò chuyện";
    Language: "Language", "Ngôn ngữ";
    SecondConnection: "Second connection", "Kết nối thứ hai";
    CopyLink: "Copy a link to this set-up", "Sao chép liên kết tới thiết lập này";
    Copied: "Copied.", "Đã sao chép.";
    NotCopied: "The browser did not allow copying. Select the text and copy it by hand.", "Trình duyệt không cho phép sao chép. Hãy chọn văn bản rồi tự sao chép.";
    First: "Connection 1", "Kết nối 1";
    Second: "Connection 2", "Kết nối 2";
    Base: "API base", "Địa chỉ máy chủ";
    BaseHint: "Another server, such as http://127.0.0.1:8000. Empty: this one.", "Máy chủ khác, ví dụ http://127.0.0.1:8000. Để trống: máy chủ này.";
    Chat: "Chat id", "Mã cuộc trò chuyện";
    ChatHint: "Empty: the socket that follows many chats.", "Để trống: socket theo dõi nhiều cuộc trò chuyện.";
    ChatWrong: "The chat id must be a number such as 1, or empty.", "Mã cuộc trò chuyện phải là một số, ví dụ 1, hoặc để trống.";
    ChatNeeded: "Fill in the chat id first: a history belongs to one chat.", "Hãy điền mã cuộc trò chuyện trước: lịch sử thuộc về một cuộc trò chuyện.";
    Token: "Token", "Mã đăng nhập (token)";
    TokenHint: "It stays in this page, and no link holds it.", "Chỉ nằm trong trang này, không có trong liên kết nào.";
    UseMySignIn: "Use my sign-in", "Dùng phiên đăng nhập của tôi";
    OrSignIn: "Or sign in for a token", "Hoặc đăng nhập để lấy token";
    Email: "E-mail", "E-mail";
    Password: "Password", "Mật khẩu";
    SignIn: "Sign in", "Đăng nhập";
    SignedInAs: "Signed in as {name}. The token is filled in.", "Đã đăng nhập với tên {name}. Token đã được điền.";
    EndSignIn: "End this sign-in", "Kết thúc phiên đăng nhập này";
    SignInEnded: "The sign-in was ended, and its token is no good any more.", "Phiên đăng nhập đã kết thúc, token này không còn dùng được.";
    Offer: "Offered subprotocols", "Giao thức con đề nghị";
    OfferVersioned: "causerie.v1, Bearer, token", "causerie.v1, Bearer, token";
    OfferBearer: "Bearer, token (older clients)", "Bearer, token (ứng dụng cũ)";
    Connect: "Connect", "Kết nối";
    Disconnect: "Disconnect", "Ngắt kết nối";
    LoadHistory: "Load history", "Tải lịch sử";
    HistoryLoaded: "History loaded: {count} messages.", "Đã tải lịch sử: {count} tin nhắn.";
    FindCause: "Find the cause", "Tìm nguyên nhân";
    NotByItself: "The chat page tries again by itself; this one when you press Connect.", "Trang trò chuyện tự thử lại; trang này thử lại khi bạn nhấn Kết nối.";
    FindCauseFailed: "Why? Find the cause", "Vì sao? Tìm nguyên nhân";
    Idle: "Not connected", "Chưa kết nối";
    Connecting: "Connecting", "Đang kết nối";
    Open: "Connected", "Đã kết nối";
    Closing: "Closing", "Đang đóng";
    Closed: "Closed", "Đã đóng";
    Why: "Why that usually is", "Nguyên nhân thường gặp";
    Remedy: "What to do", "Cách xử lý";
    ServerSays: "The server's reason", "Lý do từ máy chủ";
    Handshake: "Handshake and figures", "Bắt tay và số liệu";
    AsSent: "The handshake as sent, the token masked", "Yêu cầu bắt tay đã gửi, token được che";
    Chosen: "Subprotocol chosen", "Giao thức con được chọn";
    NoneChosen: "none", "không có";
    TimeToOpen: "Time to connect", "Thời gian kết nối";
    TimeToWelcome: "Time to welcome", "Thời gian tới khung welcome";
    RoundTrip: "Round trip", "Thời gian khứ hồi";
    RoundTripSummary: "last {last} ms, median {median} ms, longest {longest} ms", "gần nhất {last} ms, trung vị {median} ms, lâu nhất {longest} ms";
    RoundTripNone: "not measured yet", "chưa đo";
    Sent: "Sent", "Đã gửi";
    Received: "Received", "Đã nhận";
    Notice: "Notice", "Thông báo";
    Counted: "{frames} frames, {bytes}; {rate} a second", "{frames} khung, {bytes}; {rate} mỗi giây";
    AnswerPings: "Answer the server's pings", "Trả lời ping của máy chủ";
    MeasureOften: "Measure the round trip every two seconds", "Đo thời gian khứ hồi mỗi hai giây";
    Message: "Message", "Tin nhắn";
    Send: "Send", "Gửi";
    RawFrame: "Raw frame", "Khung thô";
    Template: "Template", "Mẫu";
    ChooseTemplate: "Choose a type", "Chọn một loại";
    SendFrame: "Send the frame", "Gửi khung";
    NotOpen: "Nothing was sent: connect first.", "Chưa gửi gì: hãy kết nối trước.";
    CloseCode: "Close code", "Mã đóng";
    CloseReason: "Reason", "Lý do";
    CloseWith: "Close with this code", "Đóng với mã này";
    CloseWrong: "A browser closes with 1000 or 3000 to 4999, and a reason of at most 123 bytes.", "Trình duyệt chỉ đóng với mã 1000 hoặc 3000 đến 4999, lý do tối đa 123 byte.";
    Conversation: "Conversation", "Cuộc trò chuyện";
    ConversationEmpty: "Messages show here when they arrive or are loaded.", "Tin nhắn hiện ở đây khi đến hoặc được tải.";
    Frames: "Frames", "Khung";
    FramesEmpty: "Every frame shows here, in both directions.", "Mọi khung hiện ở đây, theo cả hai chiều.";
    NothingPasses: "No frame passes the filters.", "Không có khung nào qua bộ lọc.";
    FramesCount: "{shown} of {kept} frames", "{shown} / {kept} khung";
    FramesForgotten: "{count} older ones made room", "{count} khung cũ hơn đã nhường chỗ";
    Direction: "Direction", "Chiều";
    Type: "Type", "Loại";
    All: "All", "Tất cả";
    Search: "Search", "Tìm kiếm";
    Pause: "Pause", "Tạm dừng";
    Resume: "Resume ({count} new)", "Tiếp tục ({count} mới)";
    Clear: "Clear", "Xóa";
    CopyAll: "Copy all", "Sao chép tất cả";
    Download: "Download", "Tải xuống";
    Selected: "Selected frame", "Khung đã chọn";
    SelectHint: "Choose a frame to see all of it.", "Chọn một khung để xem toàn bộ.";
    CopyText: "Copy as text", "Sao chép văn bản";
    CopyCurl: "Copy as cURL", "Sao chép lệnh cURL";
    CopyWebsocat: "Copy as websocat", "Sao chép lệnh websocat";
    EditFrame: "Edit and send again", "Sửa và gửi lại";
    Opened: "open: the subprotocol is {protocol}", "mở: giao thức con là {protocol}";
    ClosedNotice: "close {code}{reason}", "đóng {code}{reason}";
    NotAccepted: "The browser did not accept the address or the token: a token holds only letters, digits, - and _.", "Trình duyệt không nhận địa chỉ hoặc token: token chỉ gồm chữ cái, chữ số, - và _.";
    MixedContent: "The browser did not allow it: this page came over https, so the socket must be wss. Write an https address.", "Trình duyệt không cho phép: trang này tải qua https nên socket phải là wss. Hãy dùng địa chỉ https.";
    Doctor: "Connection doctor", "Chẩn đoán kết nối";
    DoctorIntro: "It tries the connection step by step, stops at the first that fails, and says what to do.", "Thử kết nối từng bước, dừng ở bước lỗi đầu tiên và cho biết cách xử lý.";
    Stop: "Stop", "Dừng";
    CopyReport: "Copy the report", "Sao chép báo cáo";
}

impl Text {
    /// The text with values in place of its placeholders, such as `{name}`.
    pub fn fill(self, language: Language, values: &[(&str, &str)]) -> String {
        let text = self.in_language(language).to_owned();
        values
            .iter()
            .fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), &bidi::isolated(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_have_every_text_with_the_same_placeholders() {
        for text in Text::ALL {
            let [english, vietnamese] =
                [Language::English, Language::Vietnamese].map(|l| text.in_language(l));
            assert!(!english.is_empty() && !vietnamese.is_empty(), "{text:?}");
            assert_eq!(places(english), places(vietnamese), "{text:?}");
            assert_eq!(english.ends_with('.'), vietnamese.ends_with('.'), "{text:?}");
        }
    }

    #[test]
    fn placeholders_are_replaced_by_values() {
        assert_eq!(Text::Resume.fill(Language::English, &[("count", "3")]), "Resume (3 new)");
    }
}
