#include "bell.hpp"

#include <utility>

#include "baton/base/backoff.hpp"
#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"

namespace baton::node {

Bell::Bell(std::string url, std::string schema, std::string channel,
           std::shared_ptr<Workshop> workshop, Following* following, const std::string& log_channel)
    : url_(std::move(url)),
      schema_(std::move(schema)),
      channels_{std::move(channel)},
      workshop_(std::move(workshop)),
      following_(following) {
    if (following_ != nullptr) channels_.push_back(log_channel);
    thread_ = std::thread([this] { listen(); });
}

Bell::~Bell() {
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
        if (listener_) listener_->wake();
    }
    thread_.join();
}

void Bell::listen() {
    Backoff backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(5000));
    while (!is_over_) {
        try {
            listen_once(backoff);
        } catch (const Error& error) {
            log().debug("the node's bell: {}", error.what());
        } catch (const std::exception& error) {
            log().warn("the node's bell: {}", error.what());
        }
        {
            const std::lock_guard lock(mutex_);
            listener_.reset();
        }
        if (following_ != nullptr) following_->note_listening(false);
        if (is_listening_.exchange(false)) workshop_->reports.ring();  // nobody else does now
        sql::pause_unless(backoff.next(), [this] { return is_over_.load(); });
    }
}

void Bell::listen_once(Backoff& backoff) {
    auto listener = std::make_unique<sql::Listener>(
        url_, sql::session_options(schema_, "baton node listener"), channels_);
    {
        const std::lock_guard lock(mutex_);
        if (is_over_) return;
        listener_ = std::move(listener);
    }
    backoff.reset();
    is_listening_ = true;
    workshop_->reports.ring();  // what came before it listened
    if (following_ != nullptr) following_->note_listening(true);
    while (!is_over_) {
        if (!listener_->wait(std::chrono::minutes(1)) || is_over_) continue;
        if (listener_->take_rung(0)) workshop_->reports.ring();
        if (following_ != nullptr && listener_->take_rung(1)) following_->ring();
    }
}

}  // namespace baton::node
