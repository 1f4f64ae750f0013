#include "baton/local_bus/child.hpp"

#include <cstdlib>
#include <deque>
#include <map>
#include <thread>
#include <variant>
#include <vector>

#include <zmq.hpp>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "wire.hpp"

namespace baton {
namespace {

using bus::wire::AgentMessage;
using bus::wire::FromAgent;
using bus::wire::Reader;
using bus::wire::Writer;

std::string given(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    if (value != nullptr) return value;
    throw Error(ErrorCode::bus_unavailable,
                std::string("no bus started this process: the variable ") + name +
                    " is not set; name the program in the processes of a fan_out()");
}

void write_when_full(Writer& writer, const WhenFull& when_full) {
    if (const Block* const block = std::get_if<Block>(&when_full)) {
        writer.natural(static_cast<std::uint64_t>(block->deadline.count()));
    } else if (std::holds_alternative<DropOldest>(when_full)) {
        writer.text("drop_oldest");
    } else if (std::holds_alternative<DropNewest>(when_full)) {
        writer.text("drop_newest");
    } else {
        writer.text("conflate");
    }
}

}  // namespace

class BusChild::State {
public:
    State() {
        const std::string endpoint = given("BATON_BUS");
        const std::string secret = given("BATON_BUS_SECRET");
        // What was said last is to arrive; a bus that is gone ends this process by itself.
        socket_.set(zmq::sockopt::linger, 1000);
        socket_.connect(endpoint);
        say([&](Writer& writer) { writer.array(3).text("hello").natural(1).text(secret); });
    }

    template <class Write>
    void say(Write write) {
        BATON_CHECK(std::this_thread::get_id() == owner_);
        Writer writer(out_);
        write(writer);
        if (!is_in_frame_ || out_.size() >= bus::wire::frame_bytes_usual) flush();
    }

    void add(const SubscribeOptions& options, std::function<void(std::string_view)> callback) {
        const std::uint64_t id = callbacks_.size();
        callbacks_.push_back(std::move(callback));
        say([&](Writer& writer) {
            writer.array(5).text("subscribe").natural(id).text(options.topic);
            writer.natural(options.depth);
            write_when_full(writer, options.when_full);
        });
    }

    void run(const Answer& answer) {
        for (;;) {
            if (frames_.empty()) hear(zmq::recv_flags::none);
            const zmq::message_t frame = std::move(frames_.front());
            frames_.pop_front();
            is_in_frame_ = true;
            Reader reader(frame.to_string_view());
            while (!reader.is_at_end()) {
                const AgentMessage message = read_agent_message(reader);
                if (message.kind == FromAgent::bye) return;
                obey(message, answer);
            }
            say_taken();
            is_in_frame_ = false;
            flush();
        }
    }

    [[nodiscard]] bool cancelled() {
        flush();
        while (!is_cancelled_ && hear(zmq::recv_flags::dontwait)) {
            Reader reader(frames_.back().to_string_view());
            while (!reader.is_at_end()) {
                const FromAgent kind = read_agent_message(reader).kind;
                if (kind == FromAgent::cancel || kind == FromAgent::bye) is_cancelled_ = true;
            }
        }
        return is_cancelled_;
    }

private:
    bool hear(zmq::recv_flags flags) {
        BATON_CHECK(std::this_thread::get_id() == owner_);
        zmq::message_t frame;
        if (!socket_.recv(frame, flags)) return false;
        frames_.push_back(std::move(frame));
        return true;
    }

    void obey(const AgentMessage& message, const Answer& answer) {
        if (message.kind == FromAgent::work && answer && !is_cancelled_) {
            work(message, answer);
        } else if (message.kind == FromAgent::message) {
            const auto id = static_cast<std::size_t>(message.id);
            if (id >= callbacks_.size()) return;
            callbacks_[id](message.value);
            ++taken_[message.id];
        } else if (message.kind == FromAgent::cancel) {
            is_cancelled_ = true;
        } else if (message.kind == FromAgent::refused) {
            log_line(spdlog::level::warn, "the bus refused something", {{"reason", message.text}});
        }
    }

    void work(const AgentMessage& message, const Answer& answer) {
        const auto item = static_cast<std::uint64_t>(message.id);
        std::string result;
        try {
            result = answer(message.value);
            constexpr std::size_t around = 64;
            if (result.size() > bus::wire::frame_bytes_max - around) {
                throw Error(ErrorCode::bus_misused,
                            "the result has " + std::to_string(result.size()) +
                                " bytes, and a frame to the bus at most 1048576");
            }
        } catch (const std::exception& error) {
            return say([&](Writer& writer) {
                writer.array(3).text("failed").natural(item).text(error.what());
            });
        }
        say([&](Writer& writer) { writer.array(3).text("result").natural(item).value(result); });
    }

    void say_taken() {
        for (const auto& [id, count] : taken_) {
            say([&, of = id, so_many = count](Writer& writer) {
                writer.array(3).text("taken").natural(static_cast<std::uint64_t>(of));
                writer.natural(so_many);
            });
        }
        taken_.clear();
    }

    void flush() {
        if (out_.empty()) return;
        socket_.send(zmq::buffer(out_), zmq::send_flags::none);
        out_.clear();
    }

    const std::thread::id owner_ = std::this_thread::get_id();
    zmq::context_t context_{1};
    zmq::socket_t socket_{context_, zmq::socket_type::pair};
    std::string out_;
    bool is_in_frame_ = false;
    bool is_cancelled_ = false;
    std::deque<zmq::message_t> frames_;
    std::vector<std::function<void(std::string_view)>> callbacks_;
    std::map<std::int64_t, std::uint64_t> taken_;
};

BusChild::BusChild() : state_(std::make_unique<State>()) {}

BusChild::~BusChild() = default;

void BusChild::publish_bytes(std::string_view topic, std::string_view msgpack, bool retain) {
    state_->say([&](Writer& writer) {
        writer.array(4).text("publish").text(topic).value(msgpack).boolean(retain);
    });
}

void BusChild::subscribe_bytes(const SubscribeOptions& options,
                               std::function<void(std::string_view)> callback) {
    state_->add(options, std::move(callback));
}

void BusChild::run(const Answer& answer) { state_->run(answer); }

void BusChild::log(std::string_view level, std::string_view text) {
    state_->say([&](Writer& writer) { writer.array(3).text("log").text(level).text(text); });
}

bool BusChild::cancelled() { return state_->cancelled(); }

}  // namespace baton
