#include "counting_node.hpp"

#include "baton/base/error.hpp"

namespace baton::bench {
namespace {

NodeOptions options(const Database& database) {
    NodeOptions how;
    how.url = database.url();
    how.schema = schema;
    how.credentials = {.environment = "bench",
                       .machine_id = std::string(64, 'b'),
                       .token = "baton_bench_" + std::string(64, 'b'),
                       .may_enrol = true};
    return how;
}

}  // namespace

CountingNode::CountingNode(const Database& database, const Handlers& handlers,
                           const std::string& handler)
    : agent_(options(database), handlers), thread_([this] { agent_.run(); }) {
    Session session(database.url());
    while (session.exec("select from handler where name = '" + handler + "'").rows() == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

CountingNode::~CountingNode() {
    agent_.stop();
    thread_.join();
}

double rate_until_ended(Session& session, const std::string& begin, std::int64_t count) {
    const auto ended = [&] { return session.exec("select from task_end").rows(); };
    const std::int64_t before = ended();
    const Clock::time_point start = Clock::now();
    session.exec(begin);
    while (ended() < before + count) {
        if (seconds_since(start) > 600) {
            throw Error(ErrorCode::wait_timeout, "tasks were not done in ten minutes");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return static_cast<double>(count) / seconds_since(start);
}

}  // namespace baton::bench
