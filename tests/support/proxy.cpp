#include "support/proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "support/unix_url.hpp"

namespace baton::testing {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

int unix_socket(const std::string& path, sockaddr_un& address) {
    if (path.size() >= sizeof(address.sun_path)) {
        throw std::invalid_argument("the path of the socket is too long: " + path);
    }
    address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    return descriptor;
}

int connect_to(const std::string& path) {
    sockaddr_un address{};
    const int descriptor = unix_socket(path, address);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
        ::close(descriptor);
        return -1;
    }
    return descriptor;
}

sockaddr_in ip_address(const std::string& address, const std::string& port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    if (::inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) {
        throw std::invalid_argument("no IPv4 address: " + address);
    }
    return result;
}

int connect_by(const TcpWay& way, const std::string& port) {
    const sockaddr_in source = ip_address(way.source, "0");
    const sockaddr_in server = ip_address(way.server, port);
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&source), sizeof(source)) != 0 ||
        ::connect(descriptor, reinterpret_cast<const sockaddr*>(&server), sizeof(server)) != 0) {
        ::close(descriptor);
        return -1;
    }
    return descriptor;
}

int listen_on(const std::string& path) {
    sockaddr_un address{};
    const int descriptor = unix_socket(path, address);
    if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(descriptor, SOMAXCONN) != 0) {
        fail("bind");
    }
    return descriptor;
}

// The messages of a client, which come in pieces of any size. A message is a type byte and a length
// that counts itself; only those before the session's start (the start-up message, and a request
// for TLS or GSS before it) lack the type.
class ClientMessages {
public:
    void append(std::string_view bytes) { held_ += bytes; }

    /// The next whole message, if it is here. Refers to this object until append().
    [[nodiscard]] std::optional<std::string_view> next() {
        const std::size_t type_bytes = has_started_ ? 1 : 0;
        if (held_.size() < at_ + type_bytes + 4) return std::nullopt;
        const std::size_t length = type_bytes + number_at(at_ + type_bytes);
        if (held_.size() < at_ + length) return std::nullopt;
        constexpr std::size_t protocol_3 = 3;
        if (!has_started_) has_started_ = number_at(at_ + 4) >> 16U == protocol_3;
        at_ += length;
        return std::string_view(held_).substr(at_ - length, length);
    }
    /// Forgets the messages that next() has given.
    void drop_taken() { held_.erase(0, std::exchange(at_, 0)); }

private:
    [[nodiscard]] std::size_t number_at(std::size_t at) const {
        std::size_t number = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            number = number << 8U | static_cast<std::uint8_t>(held_[at + i]);
        }
        return number;
    }

    std::string held_;
    std::size_t at_ = 0;
    bool has_started_ = false;
};

// "" if it is not the start-up message, or does not say.
std::string application_of(std::string_view message) {
    constexpr std::string_view name("application_name\0", 17);
    const auto at = message.find(name);
    if (at == std::string_view::npos) return {};
    const std::string_view value = message.substr(at + name.size());
    return std::string(value.substr(0, value.find('\0')));
}

bool is_commit(std::string_view message) {
    if (message[0] != 'Q' && message[0] != 'P') return false;
    // A Query's text follows the length, a Parse's the name of the statement and its NUL.
    std::string_view text = message.substr(5);
    if (message[0] == 'P') text.remove_prefix(text.find('\0') + 1);
    constexpr std::string_view word = "commit";
    return text.size() > word.size() &&
           std::equal(word.begin(), word.end(), text.begin(), [](char expected, char given) {
               return expected == std::tolower(static_cast<unsigned char>(given));
           });
}

}  // namespace

// One end of a link: a socket, and what is still to be sent to it.
struct Proxy::End {
    explicit End(int descriptor) : socket(descriptor) {}
    ~End() { ::close(socket); }
    End(const End&) = delete;
    End& operator=(const End&) = delete;

    // What has come; nothing at the end of the connection.
    [[nodiscard]] std::optional<std::string_view> receive(std::array<char, 65536>& buffer) const {
        const ssize_t length = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (length < 0 && (errno == EAGAIN || errno == EINTR)) return std::string_view();
        if (length <= 0) return std::nullopt;
        return std::string_view(buffer.data(), static_cast<std::size_t>(length));
    }

    // Sends as much of what is pending as the socket takes. False at the end of the connection.
    [[nodiscard]] bool flush() {
        while (!pending.empty()) {
            const ssize_t sent =
                ::send(socket, pending.data(), pending.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0) return errno == EAGAIN || errno == EINTR;
            pending.erase(0, static_cast<std::size_t>(sent));
        }
        return true;
    }

    int socket;
    std::string pending;
};

struct Proxy::Link {
    Link(int client_socket, int server_socket) : client(client_socket), server(server_socket) {}

    End client;
    End server;
    ClientMessages messages;
    std::string application;   // what the client calls itself
    bool loses_reply = false;  // what the server says next is the answer to a COMMIT
};

Proxy::Proxy(const std::string& url, std::optional<TcpWay> way) : url_(url), way_(std::move(way)) {
    const UnixUrl server = UnixUrl::of(url);
    server_port_ = server.port;
    // What cannot be an address is told here, and not by the thread.
    if (way_) (void)ip_address(way_->server, server_port_), (void)ip_address(way_->source, "0");
    std::string folder = "/tmp/baton_proxy_XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) fail("mkdtemp");
    server_socket_ = server.host + server.socket_name();
    socket_ = folder + server.socket_name();
    url_.replace(url_.find(server.host), server.host.size(), folder);
    listener_ = listen_on(socket_);
    wake_up_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_up_ < 0) fail("eventfd");
    thread_ = std::thread([this] { run(); });
}

Proxy::~Proxy() {
    stopping_ = true;
    wake();
    thread_.join();
    ::close(listener_);
    ::close(wake_up_);
    ::unlink(socket_.c_str());
    ::rmdir(socket_.substr(0, socket_.rfind('/')).c_str());
}

void Proxy::wake() const { (void)::eventfd_write(wake_up_, 1); }

void Proxy::at_next_commit(AtCommit action) { at_commit_ = action; }

void Proxy::blackhole(bool on) {
    blackhole_ = on;
    wake();
}

void Proxy::cut(const std::string& application) {
    std::unique_lock lock(mutex_);
    cut_application_ = application;
    cutting_ = true;
    wake();
    cut_done_.wait(lock, [this] { return !cutting_; });
}

void Proxy::obey() {
    eventfd_t count = 0;
    (void)::eventfd_read(wake_up_, &count);
    const std::lock_guard lock(mutex_);
    if (!cutting_) return;
    std::erase_if(links_, [this](const std::unique_ptr<Link>& link) {
        return cut_application_.empty() || link->application == cut_application_;
    });
    connection_count_ = static_cast<int>(links_.size());
    cutting_ = false;
    cut_done_.notify_all();
}

int Proxy::connect_to_server() const {
    return way_ ? connect_by(*way_, server_port_) : connect_to(server_socket_);
}

void Proxy::accept_client() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = connect_to_server();
    if (server < 0) {
        ::close(client);
        return;
    }
    links_.push_back(std::make_unique<Link>(client, server));
}

bool Proxy::from_client(Link& link) {
    std::array<char, 65536> buffer;
    const auto bytes = link.client.receive(buffer);
    if (!bytes) return false;
    link.messages.append(*bytes);
    while (const auto message = link.messages.next()) {
        if (link.application.empty()) link.application = application_of(*message);
        if (is_commit(*message)) {
            const AtCommit action = at_commit_.exchange(AtCommit::pass);
            if (action == AtCommit::drop_request) {
                ++commits_dropped_;
                return false;
            }
            link.loses_reply = action == AtCommit::drop_reply;
        }
        link.server.pending += *message;
    }
    link.messages.drop_taken();
    return link.server.flush();
}

bool Proxy::from_server(Link& link) {
    std::array<char, 65536> buffer;
    const auto bytes = link.server.receive(buffer);
    if (!bytes) return false;
    if (link.loses_reply && !bytes->empty()) {
        ++commits_dropped_;
        return false;
    }
    link.client.pending += *bytes;
    return link.client.flush();
}

bool Proxy::pump(Link& link, short client_events, short server_events) {
    constexpr short readable = POLLIN | POLLHUP | POLLERR;
    if ((client_events & POLLOUT) != 0 && !link.client.flush()) return false;
    if ((server_events & POLLOUT) != 0 && !link.server.flush()) return false;
    if ((server_events & readable) != 0 && !from_server(link)) return false;
    return (client_events & readable) == 0 || from_client(link);
}

void Proxy::run() {
    // An end is read only when what it said before has gone to the other, so nothing piles up.
    const auto events_of = [](const End& end, const End& other) {
        return static_cast<short>((other.pending.empty() ? POLLIN : 0) |
                                  (end.pending.empty() ? 0 : POLLOUT));
    };
    while (!stopping_) {
        std::vector<pollfd> polled{{wake_up_, POLLIN, 0}, {listener_, POLLIN, 0}};
        if (!blackhole_) {
            for (const auto& link : links_) {
                const End& client = link->client;
                const End& server = link->server;
                polled.push_back({client.socket, events_of(client, server), 0});
                polled.push_back({server.socket, events_of(server, client), 0});
            }
        }
        if (::poll(polled.data(), polled.size(), -1) < 0) continue;
        for (std::size_t i = 0; 2 * i + 3 < polled.size(); ++i) {
            if (!pump(*links_[i], polled[2 * i + 2].revents, polled[2 * i + 3].revents)) {
                links_[i].reset();
            }
        }
        std::erase(links_, nullptr);
        if (polled[0].revents != 0) obey();
        if (polled[1].revents != 0) accept_client();
        connection_count_ = static_cast<int>(links_.size());
    }
    links_.clear();
}

}  // namespace baton::testing
