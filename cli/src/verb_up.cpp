// baton up: a whole Baton in one foreground process tree, to try it and to develop with: a private
// Postgres, an environment in it, an orchestrator.
#include <CLI/CLI.hpp>

#include <atomic>
#include <exception>

#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/private_postgres.hpp"
#include "command_line.hpp"
#include "orchestrating.hpp"
#include "output.hpp"
#include "stop_signals.hpp"

namespace baton::cli {
namespace {

struct Given {
    SettingFlags settings;
    std::string data;
    std::vector<std::string> reducers;
};

// The orchestrator on a thread of its own.
class Running {
public:
    explicit Running(Orchestrator& orchestrator)
        : orchestrator_(orchestrator), thread_([this] { run(); }) {}
    ~Running() {
        orchestrator_.stop();
        if (thread_.joinable()) thread_.join();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    [[nodiscard]] bool has_ended() const { return ended_; }
    // Returns once it has ended; throws what ended it.
    void wait() {
        thread_.join();
        if (error_) std::rethrow_exception(error_);
    }

private:
    void run() {
        try {
            orchestrator_.run();
        } catch (...) {
            error_ = std::current_exception();
        }
        ended_ = true;
    }

    Orchestrator& orchestrator_;
    std::exception_ptr error_;
    std::atomic<bool> ended_{false};
    std::thread thread_;  // the last: it uses the others
};

void greet(const Invocation& invocation, const environments::Environment& environment,
           bool is_temporary) {
    const std::string& url = environment.url.value;
    const std::string& name = environment.name.value;
    const std::string verb = "  " + invocation.program + " ";
    const std::string flag = name == "dev" ? "" : " --env " + name;
    write_out("environment " + name + " is up\n  " + url +
              "\n\nIn another terminal:\n  export DATABASE_URL='" + url +
              "'\n  psql \"$DATABASE_URL&options=-csearch_path%3D" + environment.schema() + "\"\n" +
              verb + "dispatch" + flag + " order/placed '{\"amount\": \"9.90\"}' --wait\n" + verb +
              "log" + flag + "\n" + verb + "views" + flag + "\n" + verb + "view" + flag +
              " NAME\n\nCtrl-C stops it" +
              (is_temporary ? " and removes its data; --data DIR keeps it" : "; its data stays") +
              "\n");
    flush_out();
}

int up(Given& given, Invocation& invocation) {
    // The private server is the database, whatever DATABASE_URL says.
    given.settings.give("--url", "postgresql:///");
    environments::Environment environment = given.settings.load(invocation);
    OrchestratorOptions options = orchestrator_options(invocation.app, environment, given.reducers);
    configure_log(environment.log.value, environment.log_level.value);

    std::atomic<Orchestrator*> running{nullptr};
    const StopSignals signals([&] {
        if (Orchestrator* const orchestrator = running) orchestrator->stop();
    });
    sql::PrivatePostgresOptions server_options;
    if (!given.data.empty()) server_options.directory = std::filesystem::absolute(given.data);
    const sql::PrivatePostgres server(server_options);
    environment.url = {server.url(), "this process"};
    options.url = server.url();
    if (signals.came()) return 0;
    {
        sql::Connection connection(environment.url.value);
        sql::Migrator().install(connection, environment.schema());
    }

    Orchestrator orchestrator(std::move(options), invocation.app.registry());
    running = &orchestrator;
    if (signals.came()) orchestrator.stop();
    Running thread(orchestrator);
    const bool leads = sql::pause_unless(
        std::chrono::seconds(30), [&] { return orchestrator.is_leading() || thread.has_ended(); });
    if (leads && !thread.has_ended()) {
        greet(invocation, environment, given.data.empty());
    }
    thread.wait();
    running = nullptr;
    return 0;
}

}  // namespace

void add_up(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand(
        "up", "a private Postgres, an environment and its orchestrator, until Ctrl-C");
    auto given = std::make_shared<Given>();
    verb->add_option("--data", given->data,
                     "keep the server's files in this folder [temporary, removed at the end]");
    verb->add_option("--reducer", given->reducers, "a SQL reducer's file; repeatable")
        ->type_size(1)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    given->settings.offer(*verb, SettingFlags::Which::all);
    verb->footer(
        footer("It prints the connection URL and what to type next. It works as root.\n"
               "--url and DATABASE_URL have no meaning here.\n"
               "Example: baton up --reducer category_sales.sql"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return up(*given, invocation); };
    });
}

}  // namespace baton::cli
