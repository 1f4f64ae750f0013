#include "http_sink.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <string_view>
#include <system_error>
#include <vector>

namespace baton::bench {
namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nbaton-handler-version: 1\r\ncontent-type: application/json\r\n"
    "content-length: 2\r\n\r\n{}";

// How many bytes of `text` are one whole request; 0 where it has not come yet.
std::size_t request_size(std::string_view text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    constexpr std::string_view name = "\r\nContent-Length: ";
    const std::size_t header = text.substr(0, end).find(name);
    std::size_t body = 0;
    if (header != std::string_view::npos) {
        const char* const begin = text.data() + header + name.size();
        std::from_chars(begin, text.data() + end, body);
    }
    return text.size() >= end + 4 + body ? end + 4 + body : 0;
}

// Answers what is whole. False once the other side is gone.
bool serve(int connection, std::string& read) {
    std::array<char, 65'536> buffer{};
    const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    read.append(buffer.data(), static_cast<std::size_t>(count));
    while (const std::size_t size = request_size(read)) {
        read.erase(0, size);
        if (::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return false;
    }
    return true;
}

}  // namespace

HttpSink::HttpSink() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::system_error(errno, std::generic_category(), "a server for the benchmark");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

HttpSink::~HttpSink() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
}

std::string HttpSink::url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/orders";
}

void HttpSink::run() {
    std::map<int, std::string> connections;
    while (!stopping_) {
        std::vector<pollfd> polled{{listener_, POLLIN, 0}};
        for (const auto& [connection, read] : connections)
            polled.push_back({connection, POLLIN, 0});
        if (::poll(polled.data(), polled.size(), 50) <= 0) continue;
        for (const pollfd& ready : polled) {
            if (ready.revents == 0) continue;
            if (ready.fd == listener_) {
                const int made = ::accept(listener_, nullptr, nullptr);
                const int on = 1;
                ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                if (made >= 0) connections.emplace(made, "");
            } else if (!serve(ready.fd, connections[ready.fd])) {
                ::close(ready.fd);
                connections.erase(ready.fd);
            }
        }
    }
    for (const auto& [connection, read] : connections) ::close(connection);
}

}  // namespace baton::bench
