#include "baton/testing/perform_task.hpp"

#include "baton/base/error.hpp"

namespace baton::testing {
namespace {

pqxx::dbtransaction& open(const FakeContext& context) {
    if (context.transaction != nullptr) return context.transaction->raw();
    throw Error(ErrorCode::usage,
                "the handler asks for its transaction: give FakeContext one of a database, as "
                "TestEnvironment has it, or test it by drain()");
}

}  // namespace

Performed perform(const Handlers& handlers, const StoredPayload& stored,
                  const FakeContext& context) {
    Performed performed;
    TaskContext::Task task = context.task;
    if (task.version == 0) task.version = handlers.infos().front().version;
    if (const Handlers::RunBatch& batch = handlers.run_batch(0)) {
        BatchContext of_one({task}, context.environment,
                            {.transaction = [&]() -> pqxx::dbtransaction& { return open(context); },
                             .is_cancelled = [&] { return context.cancelled; },
                             .extend = [&](auto time) { performed.extensions.push_back(time); },
                             .now = context.now});
        std::vector<Outcome> outcomes{retry("")};
        batch(std::span(&stored, 1), of_one, outcomes);
        performed.outcome = std::move(outcomes.front());
        return performed;
    }
    TaskContext with(
        task, context.environment,
        {.transaction = [&]() -> pqxx::dbtransaction& { return open(context); },
         .is_cancelled = [&] { return context.cancelled; },
         .promote = context.promote,
         .progress = [&](std::string json) { performed.progress.push_back(std::move(json)); },
         .extend = [&](auto time) { performed.extensions.push_back(time); },
         .now = context.now});
    performed.outcome = handlers.run(0)(stored, with);
    return performed;
}

}  // namespace baton::testing
