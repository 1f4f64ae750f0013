// baton up: a whole Baton in one foreground process tree, to try it and to develop with: a private
// Postgres, an environment in it, an orchestrator, and a node where there are handlers.
#include <signal.h>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/sha256.hpp"
#include "baton/environments/machine.hpp"
#include "baton/postgres/private_postgres.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/migrator.hpp"
#include "command_line.hpp"
#include "noding.hpp"
#include "orchestrating.hpp"
#include "output.hpp"
#include "stop_signals.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string data;
    std::vector<std::string> reducers;
};

// An orchestrator or a node on a thread of its own.
template <class Service>
class Running {
public:
    explicit Running(Service& service) : service_(service), thread_([this] { run(); }) {}
    ~Running() {
        service_.stop();
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
            service_.run();
        } catch (...) {
            error_ = std::current_exception();
        }
        ended_ = true;
    }

    Service& service_;
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

// What is left of a temporary server when there is no time to stop it in good order.
class ServerCleanup {
public:
    // While the server starts nobody knows its folder; so a wish to end waits until this returns.
    std::unique_ptr<postgres::PrivatePostgres> start(
        const postgres::PrivatePostgresOptions& options) {
        const std::lock_guard lock(mutex_);
        auto server = std::make_unique<postgres::PrivatePostgres>(options);
        process_ = server->pid();
        if (options.directory.empty()) folder_ = server->directory();
        return server;
    }

    // Ends the server and removes its folder, beside whoever uses it.
    void remove() {
        const std::lock_guard lock(mutex_);
        if (process_ == 0) return;
        kill(process_, SIGQUIT);  // at once, with all its processes
        constexpr std::chrono::seconds patience{3};
        sql::pause_unless(patience, [this] { return kill(process_, 0) != 0; });
        kill(process_, SIGKILL);
        if (folder_.empty()) return;
        // The server's last processes may still be writing there.
        std::error_code error;
        sql::pause_unless(patience, [&] {
            std::filesystem::remove_all(folder_, error);
            return !std::filesystem::exists(folder_);
        });
    }

private:
    std::mutex mutex_;
    pid_t process_ = 0;
    std::filesystem::path folder_;  // empty: it is to be kept
};

// This orchestrator should lead by now. Throws if nobody does.
void say_who_leads(const Invocation& invocation, const environments::Environment& environment) {
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result found = transaction.exec("select status() -> 'leader' ->> 'node'", {});
    const auto node = found.only().text_or_null(0);
    if (!node) {
        throw Error(ErrorCode::wait_timeout,
                    "no orchestrator leads after 30 s; --log-level debug tells more");
    }
    std::fprintf(stderr, "%s: %s leads this environment, and not this process, which stands by\n",
                 invocation.app.name().c_str(), std::string(*node).c_str());
}

// What runs beside the server. A signal may stop it as soon as it is there.
struct Services {
    std::optional<Orchestrator> orchestrator;
    std::optional<NodeAgent> node;  // where there are handlers
    std::atomic<bool> are_there{false};

    void stop() noexcept {
        if (!are_there) return;
        orchestrator->stop();
        if (node) node->stop();
    }
};

// Returns when they have ended; throws when one of them failed, or their server has ended.
void run(postgres::PrivatePostgres& server, Services& services,
         const std::function<void(bool leads)>& greet) {
    constexpr std::chrono::seconds patience{30};
    constexpr std::chrono::milliseconds look{200};
    Orchestrator& orchestrator = *services.orchestrator;
    Running<Orchestrator> thread(orchestrator);
    std::optional<Running<NodeAgent>> node;
    if (services.node) node.emplace(*services.node);
    const auto is_over = [&] {
        return thread.has_ended() || (node && node->has_ended()) || server.pid() == 0;
    };
    sql::pause_unless(patience, [&] { return orchestrator.is_leading() || is_over(); });
    if (!is_over()) greet(orchestrator.is_leading());
    while (!sql::pause_unless(look, is_over)) {
    }
    services.stop();
    if (server.pid() == 0) {
        throw Error(ErrorCode::connection_lost,
                    "the private Postgres has ended, and not because of us; start again");
    }
    if (node) node->wait();
    thread.wait();
}

// Installs the environment in the private server, and lets this machine lead it. Who starts a
// server owns what is in it, so a staging or production environment to play with enrols this
// machine; with a token for this run alone, because the one that is kept on this machine is for the
// real one.
MachineCredentials install(const environments::Environment& environment) {
    {
        sql::Connection connection(environment.url.value, {.schema = "pg_catalog"});
        sql::Migrator().install(connection, environment.schema());
    }
    describe(environment);
    if (environment.kind.value == environments::Kind::development) {
        return environments::machine_credentials(environment);
    }
    const std::string& name = environment.name.value;
    MachineCredentials credentials{name, environments::machine_id(true),
                                   environments::make_token(name)};
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec(
        "select enrol_machine($1, $2, decode($3, 'hex'))",
        {credentials.machine_id, environments::node_name(), sha256_of(credentials.token)});
    transaction.commit();
    return credentials;
}

int up(const Options& options, Invocation& invocation) {
    if (invocation.flags.contains("--url")) {
        refuse("--url does not go with up, which starts a Postgres of its own; see `" +
               invocation.app.name() + " orchestrate`");
    }
    // The private server is the database, whatever DATABASE_URL says.
    invocation.flags["--url"] = "postgresql:///";
    environments::Environment environment = invocation.load();
    OrchestratorOptions how = orchestrator_options(invocation.app, environment, options.reducers);
    const Handlers handlers = node_handlers(invocation.app, environment);
    configure_log(environment.log.value, environment.log_level.value);
    invocation.logs_json = environment.log.value == LogFormat::json;

    Services services;
    ServerCleanup cleanup;
    const StopSignals signals([&] { services.stop(); }, [&] { cleanup.remove(); });
    postgres::PrivatePostgresOptions server_options;
    if (!options.data.empty()) server_options.directory = std::filesystem::absolute(options.data);
    const auto server = cleanup.start(server_options);
    environment.url = {server->url(), "this process"};
    how.url = server->url();
    if (signals.came()) return 0;
    how.credentials = install(environment);

    if (!handlers.infos().empty() || !invocation.app.followers().infos().empty()) {
        NodeOptions node_how = node_options(environment);
        node_how.credentials = how.credentials;
        services.node.emplace(std::move(node_how), handlers, invocation.app.followers());
    }
    services.orchestrator.emplace(std::move(how), invocation.app.registry());
    services.are_there = true;
    if (signals.came()) services.stop();
    const auto left_running = [&] { return services.node ? services.node->left_running() : 0; };
    try {
        run(*server, services, [&](bool leads) {
            if (!leads) say_who_leads(invocation, environment);
            greet(invocation, environment, options.data.empty());
        });
    } catch (const Error& error) {
        if (left_running() == 0) throw;
        log().error("{}", with_code(error.code(), error.what()));
        cleanup.remove();
        end_beside_handlers(left_running(), EXIT_FAILURE);
    }
    if (left_running() > 0) {
        cleanup.remove();
        end_beside_handlers(left_running(), EXIT_SUCCESS);
    }
    return 0;
}

}  // namespace

Verb up_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "up",
            .help = "start Postgres, an environment, its orchestrator and a node, until Ctrl-C",
            .about =
                "The Postgres is private. The node does the tasks of this program's handlers and\n"
                "of those in the environment's file ([[handler]]), if there are some. It prints\n"
                "the connection URL and what to type next. It works as root. It does not look at\n"
                "DATABASE_URL, and refuses --url.\n"
                "Example: baton up --reducer category_sales.sql",
            .settings = Settings::all,
            .options = {{"--data",
                         "keep the server's files in this folder [temporary, removed at the end]",
                         &options->data},
                        {"--reducer", "a SQL reducer's file; repeatable", &options->reducers}},
            .run = [options](Invocation& invocation) { return up(*options, invocation); }};
}

}  // namespace baton::cli
