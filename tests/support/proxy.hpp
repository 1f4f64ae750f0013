// A proxy between a client and Postgres that can lose what they say to each other, at a chosen
// place: what a network, a failover or a load balancer does once a year, on command.
//
// It listens on a unix socket of its own and gives each client a connection to the real server.
// It reads the client's side as Postgres messages, so that it knows a COMMIT when it sees one; the
// server's side is bytes.
//
//     Proxy proxy(cluster_url);
//     Connection connection(proxy.url());
//     proxy.at_next_commit(AtCommit::drop_reply);
//     transaction.commit();                     // throws outcome_unknown; the server has committed
//
// A lost connection is closed on both sides, which is how a client learns of it at once; under
// blackhole() nobody learns anything, which is the other way networks fail.
//
// Threads: all functions may be called from any thread. One thread of its own pumps the bytes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace baton::testing {

enum class AtCommit {
    pass,          ///< Nothing happens.
    drop_request,  ///< The server never gets the COMMIT; both sides lose the connection.
    /// The server gets it and answers; the client loses the connection instead of the answer. The
    /// answer has come when commits_dropped() counts it.
    drop_reply,
};

/// How a proxy reaches the server: to an address of it, from another address of this host.
struct TcpWay {
    std::string server;  ///< "127.0.0.1"; the port is the one of the proxy's URL.
    std::string source;  ///< What the server sees as the client's address: "127.0.0.2".
};

class Proxy {
public:
    /// For the server that `url` leads to by a unix socket ("postgresql:///name?host=/…&port=…");
    /// with a way, what the clients say goes there instead. Throws std::system_error,
    /// std::invalid_argument.
    explicit Proxy(const std::string& url, std::optional<TcpWay> way = std::nullopt);
    /// Cuts every connection.
    ~Proxy();
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    /// The URL given, but through the proxy.
    [[nodiscard]] const std::string& url() const { return url_; }

    /// What to do to the next COMMIT that comes by on any connection; once.
    void at_next_commit(AtCommit action);
    /// How many COMMITs have been lost, in either way.
    [[nodiscard]] int commits_dropped() const { return commits_dropped_; }

    /// While on, no byte passes in either direction, and connections stay open. What was held back
    /// is delivered when it is turned off. New clients are accepted and hear nothing.
    void blackhole(bool on);
    /// Cuts the connections that there are now, or those of one application_name. New ones are let
    /// through. Returns when it is done.
    void cut(const std::string& application = {});
    /// How many clients are connected.
    [[nodiscard]] int connection_count() const { return connection_count_; }

private:
    struct End;
    struct Link;

    void run();
    void wake() const;
    void obey();
    void accept_client();
    [[nodiscard]] int connect_to_server() const;
    // These return false when the link is over.
    bool pump(Link& link, short client_events, short server_events);
    bool from_client(Link& link);
    bool from_server(Link& link);

    std::string url_;
    std::string server_socket_;
    std::string server_port_;
    std::optional<TcpWay> way_;
    std::string socket_;
    int listener_ = -1;
    int wake_up_ = -1;

    std::atomic<AtCommit> at_commit_{AtCommit::pass};
    std::atomic<int> commits_dropped_{0};
    std::atomic<int> connection_count_{0};
    std::atomic<bool> blackhole_{false};
    std::atomic<bool> stopping_{false};

    std::mutex mutex_;
    std::condition_variable cut_done_;  // with mutex_
    bool cutting_ = false;              // guarded by mutex_
    std::string cut_application_;       // guarded by mutex_; "" for all

    std::vector<std::unique_ptr<Link>> links_;  // the thread's alone
    std::thread thread_;                        // last: it uses all of the above
};

}  // namespace baton::testing
