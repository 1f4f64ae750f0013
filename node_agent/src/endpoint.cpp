#include "baton/node_agent/endpoint.hpp"

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"
#include "endpoint_gate.hpp"
#include "endpoint_outcome.hpp"
#include "endpoint_secret.hpp"
#include "http_loop.hpp"

namespace baton {
namespace node {
namespace {

using namespace std::chrono_literals;

// As a header may have it: one line of printable ASCII, whatever it was.
std::string header_value(std::string_view text) {
    return percent_encoded(text, " !\"#$&'()*+,/:;<=>?@[]^_`{|}~");
}

// A declared endpoint, and what each of its requests has.
class EndpointHandler {
public:
    EndpointHandler(Endpoint endpoint, std::shared_ptr<EndpointClient> client,
                    std::shared_ptr<EndpointGate> gate)
        : endpoint_(std::move(endpoint)), client_(std::move(client)), gate_(std::move(gate)) {
        if (const auto fault = url_fault(endpoint_.url, client_->rules().plain_http)) {
            refuse(*fault);
        }
        if (endpoint_.time_limit <= 0ms) refuse("its time limit must be more than 0 ms");
        if (endpoint_.lane_by_key && endpoint_.events.empty()) {
            refuse("its lane is the key of an event, and it names no type of events");
        }
        try {
            if (!endpoint_.bearer.empty()) bearer_.emplace(endpoint_.bearer, endpoint_.folder);
            for (const std::string& name : endpoint_.sign_with) {
                keys_.emplace_back(name, endpoint_.folder);
            }
            const Values secrets = look_up();
            // Signed once, to see that the keys can be used.
            if (!secrets.keys.empty()) static_cast<void>(signatures(secrets.keys, "", "", ""));
        } catch (const std::runtime_error& error) {
            refuse(error.what());
        }
    }

    // What its build is a digest of: what it declares, and the names of secrets alone.
    [[nodiscard]] std::string sources() const {
        std::string text = "http," + json_quoted(endpoint_.method) + json_quoted(endpoint_.url);
        for (const std::string& header : endpoint_.headers) text += "," + json_quoted(header);
        text += ",bearer " + json_quoted(endpoint_.bearer) + ",signed";
        for (const std::string& name : endpoint_.sign_with) text += " " + json_quoted(name);
        if (endpoint_.lane_by_key) text += ",lane by key";
        if (endpoint_.callback > 0ms) text += ",calls back";
        return text;
    }

    void begin(const StoredPayload& payload, TaskContext& task,
               std::function<void(Outcome)> ended) {
        HttpRequest request;
        Values secrets;
        try {
            secrets = look_up();
            // A member of a set ends together with what it makes, so nobody else can end it.
            if (endpoint_.callback > 0ms && !task.task().in_set) {
                secrets.callback = std::to_string(task.task().id) + "." + new_secret();
            }
            request = request_of(payload, task, secrets);
        } catch (const std::exception& error) {
            return ended(retry(error.what()));
        }
        std::vector<std::string> hidden = secrets.all();
        client_->loop().send(
            std::move(request),
            [this, &task, hidden = std::move(hidden), callback = secrets.callback,
             ended = std::move(ended)](const HttpAnswer& answer) {
                EndpointVerdict verdict = verdict_of(answer, endpoint_.version, hidden);
                const bool is_taken_over =
                    answer.status == 202 && verdict.outcome.kind == Outcome::Kind::done;
                if (is_taken_over && !callback.empty()) {
                    verdict.outcome = called_back(callback, endpoint_.callback);
                }
                note(verdict, task);
                ended(std::move(verdict.outcome));
            });
    }

    [[nodiscard]] const std::shared_ptr<EndpointGate>& gate() const { return gate_; }

private:
    struct Values {
        std::string bearer;
        std::vector<std::string> keys;
        std::string callback;  // of this request alone
        [[nodiscard]] std::vector<std::string> all() const {
            std::vector<std::string> secrets = keys;
            if (!bearer.empty()) secrets.push_back(bearer);
            if (!callback.empty()) secrets.push_back(callback);
            return secrets;
        }
    };

    [[noreturn]] void refuse(const std::string& what) const {
        throw Error(ErrorCode::settings_invalid,
                    "handler " + json_quoted(endpoint_.name) + " version " +
                        std::to_string(endpoint_.version) + ": " + what);
    }

    [[nodiscard]] Values look_up() const {
        Values values;
        if (bearer_) values.bearer = bearer_->value();
        for (const Secret& key : keys_) values.keys.push_back(key.value());
        return values;
    }

    [[nodiscard]] HttpRequest request_of(const StoredPayload& payload, const TaskContext& task,
                                         const Values& secrets) const {
        const TaskContext::Task& about = task.task();
        const bool is_bytes = !payload.content.content_type.empty();
        HttpRequest request{
            .url = endpoint_.url,
            .method = endpoint_.method,
            .headers = endpoint_.headers,
            .body = std::string(is_bytes ? payload.content.body : payload.content.json),
            .time_limit = endpoint_.time_limit,
            .answer_max = static_cast<std::size_t>(endpoint_.answer_max),
            .is_unwanted = unwanted(task)};
        const auto add = [&](std::string_view name, std::string_view value) {
            request.headers.push_back(std::string(name) + ": " + header_value(value));
        };
        const std::string id = task.idempotency_key();
        const std::string timestamp = std::to_string(std::time(nullptr));
        add("content-type", is_bytes ? payload.content.content_type : "application/json");
        add("idempotency-key", id);
        add("webhook-id", id);
        add("webhook-timestamp", timestamp);
        add("baton-environment", task.environment());
        add("baton-handler", endpoint_.name);
        add(version_header, std::to_string(endpoint_.version));
        add("baton-task-id", std::to_string(about.id));
        add("baton-attempt", std::to_string(about.attempt));
        add("baton-delivery", std::to_string(about.delivery));
        add("baton-schema-version", std::to_string(payload.schema_version));
        if (about.tenant) add("baton-tenant", *about.tenant);
        if (!secrets.callback.empty()) add("baton-callback-token", secrets.callback);
        if (!secrets.keys.empty()) {
            add("webhook-signature", signatures(secrets.keys, id, timestamp, request.body));
        }
        // As it is: its bytes were looked at.
        if (!secrets.bearer.empty()) {
            request.headers.push_back("authorization: Bearer " + secrets.bearer);
        }
        request.headers.emplace_back("expect:");  // none: it would cost a round trip
        request.headers.emplace_back("accept: application/json");
        return request;
    }

    // Whoever lost the task sends nothing more; whoever stops lets it end if that is soon.
    [[nodiscard]] std::function<bool()> unwanted(const TaskContext& task) const {
        const auto patience = endpoint_.stop_patience -
                              std::min<std::chrono::milliseconds>(1s, endpoint_.stop_patience / 2);
        return [&task, patience, since = std::optional<Clock::time_point>()]() mutable {
            if (task.lost()) return true;
            if (!task.cancelled()) return false;
            if (!since) since = Clock::now();
            return Clock::now() >= *since + patience;
        };
    }

    void note(const EndpointVerdict& verdict, const TaskContext& task) {
        using Is = EndpointVerdict::Endpoint;
        const Outcome& outcome = verdict.outcome;
        switch (verdict.endpoint) {
            case Is::nothing:
                return;
            case Is::works:
                return gate_->succeeded();
            case Is::fails:
                return gate_->failed(outcome.reason);
            case Is::is_busy:
                return gate_->slow_down(outcome.pause.value_or(1s), outcome.reason);
            case Is::is_gone:
                log_line(spdlog::level::err,
                         "an endpoint answered that it is gone, and is disabled; \"baton endpoints "
                         "enable\" enables it again",
                         {{"handler", endpoint_.name}, {"task", task.task().id}});
                return gate_->disable(outcome.reason);
        }
    }

    const Endpoint endpoint_;
    const std::shared_ptr<EndpointClient> client_;
    std::optional<Secret> bearer_;
    std::vector<Secret> keys_;
    const std::shared_ptr<EndpointGate> gate_;
};

// The one of all versions of a handler: a node claims by handler, whichever version a task is of,
// and the environment has one state of each, too.
std::shared_ptr<EndpointGate> gate_of(const Handlers& handlers, const std::string& name) {
    for (std::size_t i = 0; i < handlers.infos().size(); ++i) {
        const std::shared_ptr<EndpointGate>& gate = handlers.apart(i).gate;
        if (handlers.infos()[i].name == name && gate != nullptr) return gate;
    }
    return std::make_shared<EndpointGate>();
}

// Begins, and waits for it.
Outcome run_and_wait(EndpointHandler& handler, const StoredPayload& payload, TaskContext& task) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Outcome> came;
    handler.begin(payload, task, [&](Outcome outcome) {
        const std::lock_guard lock(mutex);
        came = std::move(outcome);
        changed.notify_one();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return came.has_value(); });
    return *std::move(came);
}

}  // namespace
}  // namespace node

EndpointClient::EndpointClient(const EndpointRules& rules)
    : rules_(rules), loop_(std::make_unique<node::HttpLoop>(rules_)) {}

EndpointClient::~EndpointClient() = default;

void add_endpoint(Handlers& handlers, const Endpoint& endpoint,
                  const std::shared_ptr<EndpointClient>& client) {
    const auto handler = std::make_shared<node::EndpointHandler>(
        endpoint, client, node::gate_of(handlers, endpoint.name));
    handlers.add({.name = endpoint.name,
                  .version = endpoint.version,
                  .build = {},
                  .events = endpoint.events,
                  .accepts_from = endpoint.accepts_from,
                  .threads = endpoint.concurrency,
                  .lane_by_key = endpoint.lane_by_key},
                 handler->sources(),
                 [handler](const StoredPayload& payload, TaskContext& task) {
                     return node::run_and_wait(*handler, payload, task);
                 },
                 {.begin =
                      [handler](const StoredPayload& payload, TaskContext& task,
                                std::function<void(Outcome)> ended) {
                          handler->begin(payload, task, std::move(ended));
                      },
                  .gate = handler->gate()});
}

}  // namespace baton
