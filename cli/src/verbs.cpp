// The list of the verbs.
#include "verb.hpp"

// In the order of --help; each is a function <name>_verb() in verb_<name>.cpp.
#define BATON_VERBS(VERB) \
    VERB(up)              \
    VERB(environment)     \
    VERB(orchestrate)     \
    VERB(node)            \
    VERB(dispatch)        \
    VERB(capture)         \
    VERB(log)             \
    VERB(view)            \
    VERB(views)           \
    VERB(grant)           \
    VERB(tenants)         \
    VERB(diff)            \
    VERB(bisect)          \
    VERB(explain)         \
    VERB(replay)          \
    VERB(wait)            \
    VERB(versions)        \
    VERB(promote)         \
    VERB(rollback)        \
    VERB(retire)          \
    VERB(dead)            \
    VERB(enqueue)         \
    VERB(tasks)           \
    VERB(task_sets)       \
    VERB(schedules)       \
    VERB(bookmarks)       \
    VERB(workflows)       \
    VERB(handlers)        \
    VERB(queues)          \
    VERB(stats)           \
    VERB(endpoints)       \
    VERB(nodes)           \
    VERB(bus)             \
    VERB(status)          \
    VERB(doctor)          \
    VERB(selftest)        \
    VERB(test)            \
    VERB(chaos)           \
    VERB(version)

namespace baton::cli {

#define BATON_DECLARE(name) Verb name##_verb();
BATON_VERBS(BATON_DECLARE)
#undef BATON_DECLARE

std::vector<Verb> all_verbs() {
#define BATON_CALL(name) name##_verb(),
    return {BATON_VERBS(BATON_CALL)};
#undef BATON_CALL
}

}  // namespace baton::cli
