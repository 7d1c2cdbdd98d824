//! Every text of the page, in every language.
//!
//! A text may have placeholders such as `{name}`. A text to which the page adds something before or after keeps the
//! space between.

pub struct Text {
    pub key: &'static str,
    pub english: &'static str,
    pub vietnamese: &'static str,
}

macro_rules! texts {
    ($($key:ident: $english:literal, $vietnamese:literal;)+) => {
        pub const TEXTS: &[Text] = &[
            $(Text { key: stringify!($key), english: $english, vietnamese: $vietnamese },)+
        ];
    };
}

texts! {
    ChooseChat: "Choose a chat, or start a new one.", "Hãy chọn một cuộc trò chuyện, hoặc bắt đầu cuộc mới.";
    Greeting: "A friendly talk.", "Trò chuyện thân mật.";
    SignIn: "Sign in", "Đăng nhập";
    MakeAccount: "Make an account", "Tạo tài khoản";
    MakeTheAccount: "Make the account", "Tạo tài khoản";
    HaveOne: "You have one? ", "Bạn đã có tài khoản? ";
    NewHere: "You are new here? ", "Bạn mới đến đây? ";
    Name: "Name", "Tên";
    Password: "Password", "Mật khẩu";
    PasswordHint: "At least 8 characters.", "Ít nhất 8 ký tự.";
    Email: "E-mail", "E-mail";
    Keep: "Keep me signed in on this device", "Duy trì đăng nhập trên thiết bị này";
    OneKept: " One message that is not sent yet is kept.", " Một tin nhắn chưa gửi vẫn được giữ.";
    SomeKept: " The messages that are not sent yet are kept.", " Các tin nhắn chưa gửi vẫn được giữ.";
    Settings: "Settings", "Cài đặt";
    SignedInWhere: "Where you are signed in", "Nơi bạn đang đăng nhập";
    NotAllSent: "Not everything is sent yet: what waits, and what you began to write, is given up when you sign out.", "Vẫn còn nội dung chưa gửi: nếu đăng xuất, tin nhắn đang chờ và bản nháp sẽ bị bỏ.";
    SignOut: "Sign out", "Đăng xuất";
    Loading: "Loading…", "Đang tải…";
    ThisOne: "this one", "thiết bị này";
    EndNamed: "End the sign-in of {since}", "Kết thúc phiên đăng nhập từ {since}";
    End: "End", "Kết thúc";
    Since: "Since ", "Từ ";
    OtherTag: "vi", "en";
    OtherName: "Tiếng Việt", "English";
    Chats: "Chats", "Cuộc trò chuyện";
    NewChat: "New chat", "Cuộc trò chuyện mới";
    SearchChats: "Search chats", "Tìm cuộc trò chuyện";
    Search: "Search", "Tìm kiếm";
    NothingFound: "Nothing found", "Không tìm thấy";
    NoChatSo: "No chat is called so.", "Không có cuộc trò chuyện nào tên như vậy.";
    NoChats: "No chats yet", "Chưa có cuộc trò chuyện nào";
    MoreChats: "More chats", "Thêm cuộc trò chuyện";
    StartOne: "Start one with somebody's e-mail.", "Hãy bắt đầu bằng e-mail của một người.";
    SayHello: "Say hello", "Hãy gửi lời chào";
    YouSaid: "You: {text}", "Bạn: {text}";
    OnlineMark: " (online)", " (đang hoạt động)";
    UnreadMark: " unread", " chưa đọc";
    Reload: "Reload", "Tải lại";
    TryNow: "Try now", "Thử ngay";
    Why: "Why?", "Tại sao?";
    ChangesSent: "You change a message that is sent.", "Bạn đang sửa một tin nhắn đã gửi.";
    ChangesUnsent: "You change a message that was not sent.", "Bạn đang sửa một tin nhắn chưa gửi được.";
    EditedGone: "The message was deleted meanwhile: your text stands here as a new one.", "Tin nhắn đã bị xóa trong lúc bạn sửa: nội dung của bạn được giữ ở đây như tin mới.";
    Kept: "What you wrote here is kept:", "Những gì bạn viết ở đây vẫn được giữ:";
    Cancel: "Cancel", "Hủy";
    Save: "Save", "Lưu";
    Send: "Send", "Gửi";
    SendWithEnter: "Send (Enter; Shift + Enter begins a line)", "Gửi (Enter; Shift + Enter để xuống dòng)";
    Message: "Message", "Tin nhắn";
    MessageTo: "Message to", "Tin nhắn cho";
    MessagesWith: "Messages with", "Tin nhắn với";
    You: "you", "bạn";
    Online: "online", "đang hoạt động";
    Away: "away", "vắng mặt";
    ChatIsClosed: "This chat is closed: nobody can write here until it is opened again.", "Cuộc trò chuyện này đã đóng: không ai viết được cho đến khi nó được mở lại.";
    BackToChats: "Back to chats", "Về danh sách";
    NoSuchChat: "No such chat", "Không có cuộc trò chuyện này";
    NotInIt: "It does not exist, or you are not in it.", "Nó không tồn tại, hoặc bạn không tham gia.";
    AskLeave: "Leave this group? You will not see its messages any more.", "Rời nhóm này? Bạn sẽ không xem được tin nhắn của nhóm nữa.";
    OpenAgain: "Open the chat again", "Mở lại cuộc trò chuyện";
    CloseChat: "Close the chat", "Đóng cuộc trò chuyện";
    More: "More", "Thêm";
    AddSomebodyDots: "Add somebody…", "Thêm người…";
    LeaveGroup: "Leave the group…", "Rời nhóm…";
    SeeBefore: "They see the messages from before, too.", "Người đó cũng xem được các tin nhắn trước đây.";
    Add: "Add", "Thêm";
    AddSomebody: "Add somebody", "Thêm người";
    Close: "Close", "Đóng";
    New: "New", "Mới";
    Deleted: "This message was deleted.", "Tin nhắn này đã bị xóa.";
    Edited: "edited", "đã sửa";
    MessageMenu: "What to do with this message", "Tùy chọn cho tin nhắn này";
    Edit: "Edit", "Sửa";
    Delete: "Delete", "Xóa";
    Retry: "Retry", "Gửi lại";
    NewChatHint: "Somebody who has an account here; for a group several, with commas between.", "Người có tài khoản ở đây; nếu lập nhóm thì nhiều người, cách nhau bằng dấu phẩy.";
    GroupTitle: "Title of the group", "Tên nhóm";
    GroupTitleHint: "Without one it is called by who is in it.", "Nếu để trống, nhóm mang tên các thành viên.";
    StartChat: "Start the chat", "Bắt đầu trò chuyện";
    NotSent: "Not sent: {reason}", "Chưa gửi được: {reason}";
    WaitsForLink: "Waits for the connection", "Đang chờ kết nối";
    Sending: "Sending…", "Đang gửi…";
    Sent: "{time} · Sent", "{time} · Đã gửi";
    Read: "{time} · Read", "{time} · Đã xem";
    YouJoined: "You joined.", "Bạn đã tham gia.";
    Joined: "{name} joined.", "{name} đã tham gia.";
    YouLeft: "You left.", "Bạn đã rời đi.";
    Left: "{name} left.", "{name} đã rời đi.";
    WasClosed: "The chat was closed.", "Cuộc trò chuyện đã bị đóng.";
    OpenAndCalled: "The chat is open and is called “{title}”.", "Cuộc trò chuyện đang mở và có tên “{title}”.";
    IsOpen: "The chat is open.", "Cuộc trò chuyện đang mở.";
    ToLatest: "Jump to latest", "Đến tin mới nhất";
    ToLatestCount: "Jump to latest ({count})", "Đến tin mới nhất ({count})";
    NoMessages: "No messages yet", "Chưa có tin nhắn";
    SayHelloDot: "Say hello.", "Hãy gửi lời chào.";
    LoadOlder: "Load older messages", "Tải tin nhắn cũ hơn";
    LoadingMessages: "Loading messages…", "Đang tải tin nhắn…";
    Types: "{name} is typing…", "{name} đang nhập…";
    TwoType: "{one} and {two} are typing…", "{one} và {two} đang nhập…";
    ManyType: "Several people are typing…", "Nhiều người đang nhập…";
    Today: "Today", "Hôm nay";
    Yesterday: "Yesterday", "Hôm qua";
    PartMissingTitle: "Not loaded", "Chưa tải được";
    PartMissing: "This part of the page did not arrive. Check your network, then try again.", "Phần này của trang chưa tải được. Hãy kiểm tra mạng rồi thử lại.";
    TryAgain: "Try again", "Thử lại";
    NoAnswer: "The server can't be reached. Check your network, then try again.", "Không kết nối được với máy chủ. Hãy kiểm tra mạng rồi thử lại.";
    NotUnderstood: "The server's answer was not understood. Try again, or reload the page.", "Không hiểu được câu trả lời của máy chủ. Hãy thử lại, hoặc tải lại trang.";
    Reconnecting: "{what} Reconnecting…", "{what} Đang kết nối lại…";
    ReconnectingIn: "{what} Reconnecting in {seconds} s.", "{what} Kết nối lại sau {seconds} giây.";
    Offline: "Offline.", "Đang ngoại tuyến.";
    NotAccepted: "The browser did not accept the address or the token.", "Trình duyệt không chấp nhận địa chỉ hoặc token.";
    NoNetwork: "This device says that it has no network.", "Thiết bị báo rằng không có mạng.";
    CheckNetwork: "Check your network. The page reconnects as soon as there is one.", "Hãy kiểm tra mạng. Trang sẽ tự kết nối lại khi có mạng.";
    OneWaits: "One message waits; it will be sent once.", "Một tin nhắn đang chờ và sẽ được gửi đúng một lần.";
    SomeWait: "{count} messages wait; each will be sent once.", "{count} tin nhắn đang chờ; mỗi tin sẽ được gửi đúng một lần.";
    OneIsKept: "One message is kept and not sent yet.", "Một tin nhắn được giữ lại và chưa gửi.";
    SomeAreKept: "{count} messages are kept and not sent yet.", "{count} tin nhắn được giữ lại và chưa gửi.";
    OnlyYou: "Only you", "Chỉ mình bạn";
    TooLarge: "The message is too large: send it in parts.", "Tin nhắn quá lớn: hãy gửi thành nhiều phần.";
    NoAccess: "You have no access to this chat.", "Bạn không có quyền vào cuộc trò chuyện này.";
    WasNotSent: "A message was not sent. {reason}", "Một tin nhắn chưa gửi được. {reason}";
    NoList: "The server has no list of chats.", "Máy chủ không có danh sách cuộc trò chuyện.";
    ConnectedAgain: "Connected again.", "Đã kết nối lại.";
    InvitedBy: "{name} invites you. Make your account here.", "{name} mời bạn. Hãy tạo tài khoản tại đây.";
    Invited: "You are invited. Make your account here.", "Bạn được mời. Hãy tạo tài khoản tại đây.";
    OnlyInvited: "Accounts are made by invitation here: ask somebody for a link.", "Ở đây tài khoản được tạo bằng lời mời: hãy xin một liên kết mời.";
    Tag: "en", "vi";
    Forgot: "I forgot my password", "Tôi quên mật khẩu";
    ForgotSent: "If there is an account with this e-mail, a link is on its way to it.", "Nếu có tài khoản với e-mail này, một liên kết đang được gửi đến đó.";
    ForgotHint: "Write your e-mail above first.", "Trước tiên hãy điền e-mail của bạn ở trên.";
    NewPassword: "New password", "Mật khẩu mới";
    SetPassword: "Set the password", "Đặt mật khẩu";
    PasswordIsSet: "The new password is set, and every sign-in has ended. Sign in with it.", "Mật khẩu mới đã được đặt và mọi phiên đăng nhập đã kết thúc. Hãy đăng nhập bằng mật khẩu đó.";
    YourAccount: "Your account", "Tài khoản của bạn";
    CurrentPassword: "Current password", "Mật khẩu hiện tại";
    CurrentPasswordHint: "Only for another e-mail or password.", "Chỉ cần khi đổi e-mail hoặc mật khẩu.";
    NewPasswordHint: "Leave it empty to keep the password. With a new one, all other sign-ins end.", "Để trống nếu không đổi. Khi đổi, mọi phiên đăng nhập khác sẽ kết thúc.";
    Saved: "Saved.", "Đã lưu.";
    EndOthers: "End all others", "Kết thúc các phiên khác";
    LastUsed: "last used {time}", "dùng gần nhất {time}";
    DeleteAccount: "Delete my account", "Xóa tài khoản của tôi";
    DeleteHint: "You are signed out everywhere at once. After a week your name and e-mail are gone for ever; your messages stay as those of a deleted account. Until then you can sign in and keep it.", "Bạn sẽ bị đăng xuất ở mọi nơi ngay. Sau một tuần, tên và e-mail của bạn bị xóa vĩnh viễn; tin nhắn ở lại như của một tài khoản đã xóa. Trước lúc đó, bạn có thể đăng nhập và giữ lại tài khoản.";
    IsDeleted: "Your account is deleted {time}.", "Tài khoản của bạn sẽ bị xóa {time}.";
    KeepAccount: "Keep my account", "Giữ tài khoản";
    People: "People", "Mọi người";
    Invitations: "Invitations", "Lời mời";
    AuditLog: "Log", "Nhật ký";
    FindPeople: "Name or e-mail", "Tên hoặc e-mail";
    Role: "Role", "Vai trò";
    RoleOf: "Role of {name}", "Vai trò của {name}";
    Owner: "Owner", "Chủ sở hữu";
    Moderator: "Moderator", "Người quản lý";
    Member: "Member", "Thành viên";
    Guest: "Guest", "Khách";
    IsSuspended: "suspended", "đang bị khoá";
    Suspend: "Suspend", "Tạm khoá";
    SuspendSure: "Suspend {name}? Every sign-in ends at once.", "Tạm khoá {name}? Mọi phiên đăng nhập sẽ kết thúc ngay.";
    Restore: "Let back in", "Mở khoá";
    SignOutEverywhere: "Sign out everywhere", "Đăng xuất mọi nơi";
    SignOutSure: "End every sign-in of {name}?", "Kết thúc mọi phiên đăng nhập của {name}?";
    ResetLink: "Link for a new password", "Liên kết đặt mật khẩu mới";
    LinkOnce: "This link is shown only now. Copy it, or let it be photographed.", "Liên kết này chỉ hiện lúc này. Hãy sao chép, hoặc quét mã.";
    LinkEnds: "It ends {time}.", "Hết hạn {time}.";
    TheLink: "The link", "Liên kết";
    QrOfLink: "The link as a QR code", "Liên kết dưới dạng mã QR";
    InviteNew: "New invitation", "Lời mời mới";
    MakeLink: "Make the link", "Tạo liên kết";
    UsesOfLink: "How many people", "Số người";
    DaysOfLink: "Days until it ends", "Số ngày hiệu lực";
    GroupOfLink: "Adds to the group", "Thêm vào nhóm";
    NoGroup: "none", "không";
    InvitationUsed: "{uses} of {most} came, ends {time}", "{uses}/{most} đã đến, hết hạn {time}";
    InvitationRevoked: "revoked", "đã thu hồi";
    Revoke: "Revoke", "Thu hồi";
    Nobody: "The server", "Máy chủ";
    DidRole: "gave {target} the role {detail}", "đặt vai trò của {target} thành {detail}";
    DidSuspend: "suspended {target}", "đã tạm khoá {target}";
    DidRestore: "let {target} back in", "đã mở khoá cho {target}";
    DidSignOut: "signed {target} out everywhere", "đã đăng xuất {target} ở mọi nơi";
    DidJoin: "let {target} in", "đã đưa {target} vào";
    DidInvite: "made an invitation ({detail})", "đã tạo lời mời ({detail})";
    DidRevoke: "revoked an invitation", "đã thu hồi một lời mời";
    DidReset: "made a link for a new password of {target}", "đã tạo liên kết đặt mật khẩu mới cho {target}";
    DidPassword: "changed the password of {target}", "đã đổi mật khẩu của {target}";
    DidEmail: "changed the e-mail of {target}", "đã đổi e-mail của {target}";
    DidDelete: "deleted {target}", "đã xóa {target}";
    DidOther: "{action}: {target}", "{action}: {target}";
}

#[cfg(test)]
mod tests {
    use super::TEXTS;

    fn places(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_have_every_text_with_the_same_placeholders() {
        for text in TEXTS {
            let (english, vietnamese) = (text.english, text.vietnamese);
            assert!(!english.trim().is_empty() && !vietnamese.trim().is_empty(), "{}", text.key);
            assert_eq!(places(english), places(vietnamese), "{}", text.key);
            assert_eq!(english.ends_with('.'), vietnamese.ends_with('.'), "{}", text.key);
            assert_eq!(english.starts_with(' '), vietnamese.starts_with(' '), "{}", text.key);
            assert_eq!(english.ends_with(' '), vietnamese.ends_with(' '), "{}", text.key);
        }
    }

    #[test]
    fn every_key_names_one_text() {
        let mut keys: Vec<_> = TEXTS.iter().map(|text| text.key).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
    }
}
