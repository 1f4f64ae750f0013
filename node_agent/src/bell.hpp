// Bell: what wakes a node that sleeps. A session of its own, which listens on the node's channel.
//
// Where there is none (a pooler, no free connection) the node looks every now and then all the
// same; the bell goes on trying.
//
// Threads: it has one of its own.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "baton/base/backoff.hpp"
#include "baton/sql/listener.hpp"
#include "following.hpp"
#include "task_run.hpp"

namespace baton::node {

class Bell {
public:
    /// Rings the reports of `workshop` whenever somebody rings `channel`, when it begins to listen
    /// and when that ends; and
    /// `following`, if there is one, on its channel.
    Bell(std::string url, std::string schema, std::string channel,
         std::shared_ptr<Workshop> workshop, Following* following = nullptr,
         const std::string& log_channel = "");
    ~Bell();
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    /// Whether a ring is heard now, as far as anybody knows.
    [[nodiscard]] bool is_listening() const noexcept { return is_listening_; }

private:
    void listen();
    void listen_once(Backoff& backoff);

    const std::string url_;
    const std::string schema_;
    std::vector<std::string> channels_;
    const std::shared_ptr<Workshop> workshop_;
    Following* const following_;
    std::mutex mutex_;
    std::unique_ptr<sql::Listener> listener_;  // with mutex_, but for what its own thread reads
    std::atomic<bool> is_over_{false};
    std::atomic<bool> is_listening_{false};
    std::thread thread_;
};

}  // namespace baton::node
