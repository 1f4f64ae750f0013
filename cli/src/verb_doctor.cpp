// baton doctor: what is wrong with this set-up, and the fix. From the outside in: where a step
// fails, those that need it are left out.
#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/environments/connection_url.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/transport.hpp"
#include "baton/sql/trust.hpp"
#include "command_line.hpp"
#include "noding.hpp"
#include "orchestrating.hpp"
#include "output.hpp"
#include "schedule_drift.hpp"

namespace baton::cli {
namespace {

struct Finding {
    std::string check;
    std::string state;  // ok, warning, problem
    std::string found;
    std::string fix;
};

struct Options {
    bool json = false;
    bool whole_log = false;
};

class SetupCheck {
public:
    SetupCheck(const environments::Environment& environment, std::string program, bool whole_log)
        : environment_(environment), program_(std::move(program)), whole_log_(whole_log) {}

    // In the order of need: each step returns whether the next makes sense.
    std::vector<Finding> run() {
        look_at_endpoints();
        if (!look_at_connection()) return findings_;
        sql::ConnectOptions options;
        options.writable = false;
        options.pooled = is_pooled_;
        options.schema = environment_.schema();
        sql::Connection connection(environment_.url.value, options);
        add("server", "ok",
            "Postgres " + std::to_string(connection.server_version() / 10000) + "." +
                std::to_string(connection.server_version() % 10000));
        look_at_encoding(connection);
        look_at_transport();
        look_at_recovery(connection);
        if (look_at_schema(connection)) look_inside(connection);
        return findings_;
    }

private:
    void add(const std::string& check, const std::string& state, const std::string& found,
             const std::string& fix = {}) {
        findings_.push_back({check, state, found, fix});
    }

    bool look_at_connection() {
        const std::string url = environments::redacted_url(environment_.url.value) + ", from " +
                                environment_.url.origin;
        try {
            const sql::Connection direct(environment_.url.value, {.writable = false});
            add("connection", "ok", "direct; " + url);
            return true;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::settings_invalid) {
                add("connection", "problem", std::string(error.what()) + "; " + url,
                    "start the server, or correct the url");
                return false;
            }
        }
        try {
            const sql::Connection pooled(environment_.url.value,
                                         {.writable = false, .pooled = true});
            is_pooled_ = true;
            add("connection", "warning", "through a pooler; " + url,
                "good for dispatch; orchestrate and environment need a direct url");
            return true;
        } catch (const Error& error) {
            add("connection", "problem", std::string(error.what()) + "; " + url,
                "correct the url, or upgrade the server");
            return false;
        }
    }

    // Those that the file declares, as far as they can be judged on this machine.
    void look_at_endpoints() {
        const auto is_http = [](const auto& handler) {
            return handler.value.kind == environments::HandlerKind::http;
        };
        const auto endpoints = std::ranges::count_if(environment_.handlers, is_http);
        if (endpoints == 0) return;
        try {
            Handlers handlers;
            add_declared(handlers, environment_, environments::HandlerKind::http);
        } catch (const Error& error) {
            add("endpoints here", "problem", error.what(),
                "correct the environment's file, or set what it names on each node");
            return;
        }
        std::string open;
        for (const auto& [handler, origin] : environment_.handlers) {
            if (handler.url.starts_with("http:")) open += ", " + handler.name + " without TLS";
        }
        for (const std::string& network : environment_.endpoint_networks.value) {
            open += ", requests into " + network;
        }
        if (open.empty()) {
            add("endpoints here", "ok", std::to_string(endpoints) + ", with their secrets");
        } else {
            add("endpoints here", "warning", "the environment's file allows " + open.substr(2),
                "use https://, and name no more in endpoints.allow than must be");
        }
    }

    void look_at_encoding(sql::Connection& connection) {
        const std::string fault = sql::encoding_fault(connection);
        if (fault.empty()) {
            add("encoding", "ok", "the database is UTF8");
        } else {
            add("encoding", "problem", fault, "create a database of encoding UTF8");
        }
    }

    // Whoever is between could be the server, and be told what is meant for that one.
    void look_at_transport() {
        const sql::Transport transport = sql::transport_of(environment_.url.value);
        if (transport.is_local) {
            add("tls", "ok", "the server is on this machine");
        } else if (transport.sslmode == "verify-full") {
            add("tls", "ok", "verify-full: no other server can be taken for this one");
        } else {
            add("tls", "warning",
                "sslmode is " + transport.sslmode +
                    ": another server could be taken for this one, or somebody read along",
                "add sslmode=verify-full to the url, and sslrootcert=, where the server's "
                "certificate authority is");
        }
    }

    void look_at_recovery(sql::Connection& connection) {
        sql::Transaction transaction(connection);
        const sql::Row row =
            transaction
                .exec("select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'")
                .only();
        if (row.boolean(0)) {
            add("writable", "problem", "the server is in recovery: a standby",
                "connect to the primary, or name all hosts in the url");
        } else if (row.boolean(1)) {
            add("writable", "problem", "sessions are read-only",
                "switch default_transaction_read_only off");
        } else {
            add("writable", "ok", "the server takes writes");
        }
    }

    bool look_at_schema(sql::Connection& connection) {
        const std::string& name = environment_.name.value;
        const std::string upgrade = "run " + program_ + " environment upgrade " + name;
        sql::InstallStatus status;
        try {
            status = sql::Migrator().status(connection, environment_.schema());
        } catch (const Error& error) {
            add("schema", "warning", error.what(), "let its owner run doctor");
            return true;
        }
        if (!status.installed) {
            add("schema", "problem", environment_.schema() + " is not installed in this database",
                "run " + program_ + " environment install " + name);
            return false;
        }
        const std::string version = environment_.schema() + " is at version " +
                                    std::to_string(status.version) + " of " +
                                    std::to_string(status.newest_known);
        if (status.newer_is_breaking) {
            add("schema", "problem", version, "install a newer Baton");
        } else if (!status.pending.empty()) {
            add("schema", "problem", version, upgrade);
        } else if (!status.drifted.empty()) {
            std::string functions;
            for (const std::string& function : status.drifted) functions += " " + function;
            add("schema", "problem", version + "; functions or views that differ:" + functions,
                upgrade);
        } else if (status.newer.empty() && !status.functions_current) {
            add("schema", "problem", version + "; its views or grants are of another build",
                upgrade);
        } else if (!status.orphans.empty()) {
            std::string functions;
            for (const std::string& orphan : status.orphans) {
                functions += (functions.empty() ? "" : ", ") + orphan;
            }
            add("schema", "warning",
                version + "; functions that this program does not carry: " + functions,
                "drop them unless somebody needs them");
        } else {
            add("schema", "ok", version);
        }
        return status.pending.empty();
    }

    void look_inside(sql::Connection& connection) {
        try {
            {
                sql::Transaction asking(connection);
                sql::require_trusted(asking, environment_.schema());
            }
            sql::Transaction transaction(connection);
            const sql::Result rows = transaction.exec(
                "select check_name, state, found, fix from doctor(whole_log => $1::boolean)",
                {whole_log_});
            for (const sql::Row& row : rows) {
                add(std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
                    std::string(row.text(3)));
            }
            look_at_schedules(transaction);
        } catch (const Error& error) {
            // The findings so far are worth more than the one line that run() would print.
            add("inside", "problem", error.what(), "let the owner of the schema run doctor");
        }
    }

    // Those that the file declares, against those that there are.
    void look_at_schedules(sql::Transaction& transaction) {
        if (environment_.schedules.empty()) return;
        const std::vector<std::string> drift =
            schedule_drift(transaction, declared_schedules(environment_));
        for (const std::string& line : drift) {
            add("schedules here", "warning", line,
                "whoever leads next with this file sees to that, or logs why not: start " +
                    program_ + " orchestrate; or correct the file");
        }
        if (drift.empty()) {
            add("schedules here", "ok",
                std::to_string(environment_.schedules.size()) + ", each as the file says");
        }
    }

    const environments::Environment& environment_;
    const std::string program_;
    const bool whole_log_;
    bool is_pooled_ = false;
    std::vector<Finding> findings_;
};

void print_json(const std::vector<Finding>& findings) {
    const char* before = "[";
    for (const Finding& finding : findings) {
        write_out(before + std::string(R"({"check": )") + json_quoted(finding.check) +
                  R"(, "state": )" + json_quoted(finding.state) + R"(, "found": )" +
                  json_quoted(finding.found) + R"(, "fix": )" +
                  (finding.fix.empty() ? "null" : json_quoted(finding.fix)) + "}");
        before = ",\n ";
    }
    write_out("]\n");
}

void print_people(const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
        const Colour colour = finding.state == "ok"        ? Colour::green
                              : finding.state == "warning" ? Colour::yellow
                                                           : Colour::red;
        std::string state = finding.state;
        state.resize(9, ' ');
        std::string check = finding.check;
        check.resize(std::max<std::size_t>(check.size(), 22), ' ');
        write_out(coloured(state, colour) + check + advice(finding.found) + "\n");
        if (!finding.fix.empty()) {
            write_out(std::string(31, ' ') + "fix: " + advice(finding.fix) + "\n");
        }
    }
}

int examine(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    const std::vector<Finding> findings =
        SetupCheck(environment, invocation.app.name(), options.whole_log).run();
    if (options.json) {
        print_json(findings);
    } else {
        print_people(findings);
    }
    const bool is_well = std::ranges::none_of(
        findings, [](const Finding& finding) { return finding.state == "problem"; });
    return is_well ? 0 : 1;
}

}  // namespace

Verb doctor_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "doctor",
            .help = "check this set-up; each finding comes with its fix",
            .about =
                "It exits with 1 if it finds a problem; a warning is none.\n"
                "Example: baton doctor --env production",
            .options = {{"--json", "print JSON", &options->json},
                        {"--whole-log", "read the whole recorded log again [only the newest of it]",
                         &options->whole_log}},
            .run = [options](Invocation& invocation) { return examine(*options, invocation); }};
}

}  // namespace baton::cli
