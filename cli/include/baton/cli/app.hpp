// App: a program that is the whole tool. It has every verb of the `baton` command, with the
// application's own reducers and handlers inside, and may have verbs of its own:
//
//   int main(int argc, char** argv) {
//       baton::App app("superstore");
//       app.add<MonthlySalesReducer>();
//       app.add<SendInvoice>();
//       app.add_sql_reducer("reducers/category_sales.sql");
//       app.add_view_set("sales", 1, {"monthly_sales", "category_sales"});
//       return app.run(argc, argv);
//   }
//
// Threads: one; run() starts what its verbs need.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "baton/environments/environment.hpp"
#include "baton/node_agent/followers.hpp"
#include "baton/node_agent/handlers.hpp"
#include "baton/node_agent/workflow.hpp"
#include "baton/orchestrator/view_set.hpp"
#include "baton/reducers/registry.hpp"

namespace baton {

namespace cli {
struct Verb;
}
namespace testing {
class TestEnvironment;
}

/// What an application's own verb is given.
struct VerbContext {
    environments::Environment environment;  ///< Resolved from flags, variables and file.
    std::vector<std::string> arguments;     ///< What followed the verb's name, options included.
    std::string program;                    ///< argv[0], to start itself again.
};

class App {
public:
    explicit App(std::string name = "baton");
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Adds a C++ reducer; or a handler or follower, which `node` and `up` run. Throws
    /// Error(reducer_invalid), see Registry::add(), or Error(handler_invalid), see Handlers::add()
    /// and Followers::add().
    template <class T>
    App& add(T part = {}) {
        if constexpr (node::LooksLikeFollower<T>) {
            followers_.add<T>(std::move(part));
        } else if constexpr (node::LooksLikeHandler<T>) {
            handlers_.add<T>(std::move(part));
        } else {
            registry_.add<T>(std::move(part));
        }
        return *this;
    }
    /// Says that the application dispatches events of this type, though no reducer reads them: so
    /// they are not taken for a typing error where unknown events are refused or warned of
    /// ([events] in the environment's file). The types that reducers read are known without it.
    template <class E>
    App& declare() {
        registry_.declare<E>();
        return *this;
    }
    /// Adds a SQL reducer from its file, which is read when a verb needs it.
    App& add_sql_reducer(std::filesystem::path file);

    /// Views that belong together: readers see them all at one version and one position, because
    /// they change their version in one transaction. Each needs a reducer in this program or in a
    /// SQL file, and a view in no set is a set of its own. Raise `version` with each change of a
    /// member, or of a member's version: a version stands for the same reducers for ever. A set can
    /// be declared in the environment's file instead ([view_sets]), but not in both. What is wrong
    /// with it is said by `orchestrate` and `up`: Error(settings_invalid).
    /// `handlers` are live with the set, in these versions: one switch for what is computed and for
    /// what is done about it. They are nodes' to carry, not this program's. A handler is in one set
    /// at most, and not promoted by itself then.
    App& add_view_set(std::string name, int version, std::vector<std::string> views,
                      std::vector<SetHandler> handlers = {});

    /// Adds a workflow of these handlers, one after the other: `node` and `up` define it. What a
    /// step's handle() returns is the Payload of the next one. `on_failure`: compensate, or hold.
    /// The handlers are added by themselves, too. What is wrong with it is said by the node:
    /// Error(workflow_invalid).
    template <class... Steps>
    App& add_workflow(std::string name, int version, std::string on_failure = "compensate") {
        workflows_.push_back(
            workflow_of<Steps...>(std::move(name), version, std::move(on_failure)));
        return *this;
    }

    /// Adds a verb of the application's own. The first line of `help` stands in --help; `name
    /// --help` shows the others too, which say what the verb's own options are, since these are
    /// its own to read. What `run` returns is the exit code;
    /// what it throws is printed as one line. `needs_environment` false: no environment is
    /// resolved, and context.environment has its defaults.
    App& add_verb(std::string name, std::string help, std::function<int(const VerbContext&)> run,
                  bool needs_environment = true);

    /// A test of the application's own, which the verb `test` runs: in an environment of its own,
    /// with the application's reducers and handlers (baton/testing/test_environment.hpp). It fails
    /// where it throws.
    struct Test {
        std::string name;
        std::function<void(testing::TestEnvironment&)> run;
    };
    App& add_test(std::string name, std::function<void(testing::TestEnvironment&)> run) {
        tests_.push_back({std::move(name), std::move(run)});
        return *this;
    }

    /// Parses the command line and runs the verb. Returns the exit code: 0 done; 1 the command
    /// failed (one line on stderr says why); 2 the command line or a setting was wrong.
    int run(int argc, char** argv) noexcept;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const Registry& registry() const { return registry_; }
    [[nodiscard]] const Handlers& handlers() const { return handlers_; }
    [[nodiscard]] const Followers& followers() const { return followers_; }
    [[nodiscard]] const std::vector<std::filesystem::path>& sql_reducers() const {
        return sql_reducers_;
    }
    [[nodiscard]] const std::vector<ViewSet>& view_sets() const { return view_sets_; }
    [[nodiscard]] const std::vector<Workflow>& workflows() const { return workflows_; }
    [[nodiscard]] const std::vector<Test>& tests() const { return tests_; }

private:
    struct Verb {
        std::string name;
        std::string help;
        std::function<int(const VerbContext&)> run;
        bool needs_environment;
    };
    static cli::Verb own_verb(const Verb& verb);

    std::string name_;
    Registry registry_;
    Handlers handlers_;
    Followers followers_;
    std::vector<std::filesystem::path> sql_reducers_;
    std::vector<ViewSet> view_sets_;
    std::vector<Workflow> workflows_;
    std::vector<Verb> verbs_;
    std::vector<Test> tests_;
};

}  // namespace baton
