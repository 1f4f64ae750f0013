// perform_task(): a handler under test, without a queue and, unless it asks for its transaction,
// without a database.
//
//   const auto ran = baton::testing::perform_task<SendReceipt>(PaymentReceived{"alice", amount});
//   EXPECT_EQ(ran.outcome.kind, baton::Outcome::Kind::done);
//
// The payload is written as JSON and read again before the handler has it; give a former struct,
// and it is brought up by upcast(), as one that waited is. What the handler throws is thrown.
//
// Threads: the calling one.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "baton/node_agent/batch_context.hpp"
#include "baton/node_agent/handlers.hpp"
#include "baton/sql/connection.hpp"

namespace baton::testing {

/// What the handler finds around its task.
struct FakeContext {
    /// What tx(), dispatch() and enqueue() write in; nothing is committed. Null: these throw
    /// Error(usage).
    sql::Transaction* transaction = nullptr;
    std::function<Timestamp()> now = {};  ///< None: the machine's clock.
    std::string environment = "test";
    TaskContext::Task task = {.id = 1};  ///< Its version is the handler's, unless it says one.
    bool cancelled = false;
    std::vector<std::string> promote = {};  ///< The types of events that may be promoted.
};

/// What came of it.
struct Performed {
    Outcome outcome;
    std::vector<std::string> progress = {};  ///< JSON texts, each that the handler said.
    std::vector<std::chrono::milliseconds> extensions = {};
};

/// As a node calls it; `stored` outlives the call.
[[nodiscard]] Performed perform(const Handlers& handlers, const StoredPayload& stored,
                                const FakeContext& context);

/// The handler's outcome for this payload: of what it takes, or of a former version of that.
template <class H, types::Declared P>
Performed perform_task(const P& payload, FakeContext context = {}, H handler = {}) {
    Handlers handlers;
    handlers.add<H>(std::move(handler));
    const std::string json = encode_json(payload);
    return perform(handlers,
                   {.content = {.json = json}, .schema_version = types::schema_version_of<P>},
                   context);
}

}  // namespace baton::testing
