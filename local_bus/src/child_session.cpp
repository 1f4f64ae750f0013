#include "child_session.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/find_program.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"

namespace baton::bus {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds look_interval{20};  // as all who wait on a bus
constexpr std::chrono::seconds patience_for_hello{30};
constexpr std::chrono::milliseconds patience_for_bye{500};
constexpr int failures_max = 3;  // in a row

std::string said(std::string_view kind) {
    std::string frame;
    wire::Writer(frame).array(1).text(kind);
    return frame;
}

ProcessOptions process_of(const std::vector<std::string>& words, const FanOutOptions& options) {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::absolute(
        options.folder.empty() ? std::filesystem::path(".") : options.folder);
    if (!std::filesystem::is_directory(folder, error)) {
        refuse_processes("there is no folder " + folder.string());
    }
    try {
        return {.program = find_program(words.front(), folder),
                .arguments = words,
                .variables = variables_for_child(options.variables),
                .folder = folder};
    } catch (const Error&) {
        throw;
    } catch (const std::runtime_error& fault) {
        throw Error(ErrorCode::bus_unavailable,
                    std::string("a process of a fan_out() cannot be started: ") + fault.what());
    }
}

}  // namespace

std::vector<std::shared_ptr<RemoteWorker>> start_children(const FanOutOptions& options,
                                                          const std::shared_ptr<Hub>& hub) {
    std::vector<ProcessOptions> processes;
    for (const std::vector<std::string>& words : options.processes) {
        processes.push_back(process_of(words, options));
    }
    const auto group = std::make_shared<ChildGroup>();
    std::vector<std::shared_ptr<RemoteWorker>> children;
    for (ProcessOptions& process : processes) {
        children.push_back(std::make_shared<ChildSession>(group, hub, std::move(process)));
    }
    return children;
}

ChildSession::ChildSession(std::shared_ptr<ChildGroup> group, std::shared_ptr<Hub> hub,
                           ProcessOptions process)
    : group_(std::move(group)), hub_(std::move(hub)), process_(std::move(process)) {
    thread_ = std::thread([this] { run(); });
}

ChildSession::~ChildSession() { end(); }

void ChildSession::dismiss() noexcept {
    {
        const std::lock_guard lock(mutex_);
        is_dismissed_ = true;
        answer_all({.fate = Fate::cancelled});
    }
    changed_.notify_all();
    bell_.ring();
}

void ChildSession::end() noexcept {
    dismiss();
    const std::lock_guard lock(end_mutex_);
    if (thread_.joinable()) thread_.join();
    group_.reset();  // the last one removes the folder
}

std::optional<std::string> ChildSession::fault() const {
    const std::lock_guard lock(mutex_);
    return fault_;
}

ProcessStats ChildSession::stats() const {
    const std::lock_guard lock(mutex_);
    ProcessStats stats = stats_;
    stats.subscriptions = subscriptions_.size();
    return stats;
}

std::vector<RemoteWorker::Reply> ChildSession::call(std::vector<std::string> items,
                                                    const CancelScope& scope,
                                                    std::optional<Clock::time_point> deadline) {
    std::optional<std::uint64_t> left_ms;
    if (deadline) {
        left_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now()).count(),
            0));
    }
    std::unique_lock lock(mutex_);
    call_ = Call{.first = next_item_,
                 .replies = std::vector<std::optional<Reply>>(items.size()),
                 .unanswered = items.size()};
    next_item_ += static_cast<std::int64_t>(items.size());
    if (fault_) answer_all({.fate = Fate::failed, .bytes = *fault_});
    if (is_dismissed_) answer_all({.fate = Fate::cancelled});
    std::string frame;
    for (std::size_t i = 0; i < items.size() && call_->unanswered > 0; ++i) {
        constexpr std::size_t around = 64;
        if (items[i].size() > wire::frame_bytes_max - around) {
            answer(i, {.fate = Fate::failed,
                       .bytes = "the item has " + std::to_string(items[i].size()) +
                                " bytes, and a frame to a process at most 1048576"});
            continue;
        }
        if (!frame.empty() && frame.size() + items[i].size() + around > wire::frame_bytes_usual) {
            outbox_.push_back(std::exchange(frame, {}));
        }
        wire::Writer writer(frame);
        writer.array(4).text("work").natural(static_cast<std::uint64_t>(call_->first) + i);
        left_ms ? writer.natural(*left_ms) : writer.nil();
        writer.value(items[i]);
    }
    if (!frame.empty()) outbox_.push_back(std::move(frame));
    changed_.notify_all();
    bell_.ring();
    while (call_->unanswered > 0) {
        changed_.wait_for(lock, look_interval);
        if (call_->unanswered == 0 || !scope.cancelled()) continue;
        answer_all({.fate = Fate::cancelled});
        outbox_.push_back(said("cancel"));
        bell_.ring();
    }
    std::vector<Reply> replies;
    for (std::optional<Reply>& reply : call_->replies) replies.push_back(std::move(*reply));
    call_.reset();
    return replies;
}

// With mutex_ held.
void ChildSession::answer(std::size_t index, Reply reply) {
    call_->replies[index] = std::move(reply);
    if (--call_->unanswered == 0) changed_.notify_all();
}

// With mutex_ held.
void ChildSession::answer_all(const Reply& reply) {
    for (std::size_t i = 0; call_ && i < call_->replies.size(); ++i) {
        if (!call_->replies[i]) answer(i, reply);
    }
}

void ChildSession::run() {
    int failures = 0;
    do {
        const std::uint64_t answered = stats().answered;
        std::string reason;
        try {
            reason = visit();
        } catch (const CutOff& fault) {
            reason = fault.what();
        } catch (const std::system_error& fault) {
            reason = std::string("could not be started: ") + fault.what();
        } catch (const std::exception& fault) {
            reason = std::string("could not be heard: ") + fault.what();
        }
        failures = stats().answered > answered ? 0 : failures + 1;
        reason = "the process " + json_quoted(process_.arguments.front()) + " " + reason;
        if (failures >= failures_max) {
            const std::lock_guard lock(mutex_);
            fault_ = reason;
        }
        after_visit(reason);
    } while (failures < failures_max && await_demand());
}

// A process that ended is started anew when there is work for it.
bool ChildSession::await_demand() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_dismissed_ || (call_ && call_->unanswered > 0); });
    return !is_dismissed_;
}

void ChildSession::after_visit(const std::string& reason) {
    std::map<std::int64_t, std::shared_ptr<Subscription>> subscriptions;
    bool is_dismissed = false;
    {
        const std::lock_guard lock(mutex_);
        is_dismissed = is_dismissed_;
        stats_.pid = 0;
        outbox_.clear();
        answer_all({.fate = Fate::failed, .bytes = reason});
        for (const auto& [id, subscription] : subscriptions_) subscription->is_open = false;
        subscriptions.swap(subscriptions_);
    }
    changed_.notify_all();
    for (const auto& [id, subscription] : subscriptions) hub_->remove(subscription->lane);
    if (!is_dismissed) {
        log_line(spdlog::level::warn, "a process of a bus ended", {{"reason", reason}});
    }
}

// From the start of a process to its end; returns how that came.
std::string ChildSession::visit() {
    const std::string secret = random_secret();
    ChildLink link(*group_, process_, secret, bell_);
    Visit visit{.link = link, .secret = secret};
    {
        const std::lock_guard lock(mutex_);
        stats_.pid = link.pid();
        ++stats_.started;
    }
    bool wants_room = false;
    while (!is_over(visit)) {
        link.wait(visit.patience_until ? look_interval : 1000ms, wants_room);
        bell_.clear();
        link.read_lines([&](std::string_view line) { write_line(visit, "info", line); });
        if (visit.is_deaf) continue;
        hear(visit);
        visit.is_deaf = link.is_disconnected();
        speak(visit);
        const std::lock_guard lock(mutex_);
        wants_room = visit.is_welcome && !visit.is_deaf && !outbox_.empty();
    }
    if (!visit.is_deaf && link.is_ending()) hear(visit);
    link.read_lines([&](std::string_view line) { write_line(visit, "info", line); });
    return link.how_it_ended();
}

bool ChildSession::is_over(Visit& visit) {
    const Clock::time_point now = Clock::now();
    bool is_dismissed = false;
    {
        const std::lock_guard lock(mutex_);
        is_dismissed = is_dismissed_;
    }
    if (is_dismissed && !visit.is_dismissed) {
        visit.is_dismissed = true;
        visit.patience_until = now + (visit.is_welcome ? patience_for_bye : 0ms);
        if (visit.is_welcome) post(said("bye"));
        speak(visit);
    }
    if (!visit.is_welcome) {
        if (visit.link.has_ended()) return true;
        if (now >= visit.begun + patience_for_hello)
            throw CutOff("did not say hello in 30 seconds");
    }
    if (visit.link.is_ending() && !visit.patience_until) {
        visit.patience_until = now + patience_for_bye;
    }
    return visit.link.is_gone() || (visit.patience_until && now >= *visit.patience_until);
}

void ChildSession::speak(Visit& visit) {
    if (!visit.is_welcome || visit.is_deaf) return;
    for (;;) {
        std::string frame;
        {
            const std::lock_guard lock(mutex_);
            if (outbox_.empty()) return;
            frame = std::move(outbox_.front());
            outbox_.pop_front();
        }
        if (visit.link.send(frame)) continue;
        const std::lock_guard lock(mutex_);
        outbox_.push_front(std::move(frame));
        return;
    }
}

void ChildSession::post(std::string frame) {
    const std::lock_guard lock(mutex_);
    outbox_.push_back(std::move(frame));
}

}  // namespace baton::bus
