// syncline: a store on the command line, for people, scripts and support. JSON in and out; messages
// on stderr; exit codes in exit_code.hpp and --help.

#include "commands.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace tool = syncline::tool;

namespace {

constexpr const char* footer =
    R"(A FIELD nests with slashes: address/city is `city` in the map `address`, and steps/0
the first element of the list `steps`. Positions in lists and texts count from 0.
Exit codes: 0 done, 1 failed, 2 usage, 3 not there, 4 refused by the relay,
            5 relay not reached or not in time, 6 store or disk, 7 bad input.)";

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Reads, edits and syncs a Syncline store."};
    app.footer(footer);
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string(SYNCLINE_VERSION));

    tool::Context context;
    app.add_option("--store", context.store, "the store's file; created if it is not there")
        ->required()
        ->envname("SYNCLINE_STORE");
    app.add_option("--space", context.space, "the space in it")
        ->capture_default_str()
        ->envname("SYNCLINE_SPACE");

    std::function<int()> run;
    std::string document;
    std::string field;
    std::string json;
    std::string collection;
    std::string file;
    tool::ImportOptions import_options;
    tool::SyncOptions sync_options;
    std::int64_t amount = 0;
    tool::ListEdit list_edit;
    tool::TextEdit text_edit;

    const auto editing = [&](const char* name, const char* help, const char* argument,
                             tool::Edit edit) {
        CLI::App* command = app.add_subcommand(name, help);
        command->add_option("COLL/ID", document)->required();
        command->add_option("FIELD", field)->required();
        if (argument != nullptr) command->add_option(argument, json)->required();
        command->callback([&, edit] {
            run = [&, edit] { return tool::edit(context, document, field, json, edit); };
        });
    };
    editing("set", "sets a register", "JSON", tool::Edit::set);
    editing("insert", "puts an element into an add-wins set", "JSON", tool::Edit::insert);
    editing("erase", "takes an element out of an add-wins set", "JSON", tool::Edit::erase);
    editing("enable", "switches a flag on", nullptr, tool::Edit::enable);
    editing("disable", "switches a flag off", nullptr, tool::Edit::disable);

    CLI::App* add = app.add_subcommand("add", "adds to a counter; N may be negative");
    add->add_option("COLL/ID", document)->required();
    add->add_option("FIELD", field)->required();
    add->add_option("N", amount)->required();
    add->callback([&] { run = [&] { return tool::add(context, document, field, amount); }; });

    const auto editing_list = [&](const char* name, const char* help, tool::ListEdit::Kind kind) {
        CLI::App* command = app.add_subcommand(name, help);
        command->add_option("COLL/ID", document)->required();
        command->add_option("FIELD", field)->required();
        command->callback([&, kind] {
            list_edit.kind = kind;
            run = [&] { return tool::edit_list(context, document, field, list_edit); };
        });
        return command;
    };
    using tool::ListEdit;
    CLI::App* push = editing_list("push", "puts a value behind a list's others", ListEdit::push);
    push->add_option("JSON", list_edit.json)->required();
    CLI::App* list_insert =
        editing_list("list-insert",
                     "puts a value into a list, in front of an element or behind "
                     "the last",
                     ListEdit::insert);
    list_insert->add_option("INDEX", list_edit.index)->required();
    list_insert->add_option("JSON", list_edit.json)->required();
    CLI::App* list_set =
        editing_list("list-set", "puts a value in place of what is in an element", ListEdit::set);
    list_set->add_option("INDEX", list_edit.index)->required();
    list_set->add_option("JSON", list_edit.json)->required();
    CLI::App* list_erase =
        editing_list("list-erase", "takes an element, or N, out of a list", ListEdit::erase);
    list_erase->add_option("INDEX", list_edit.index)->required();
    list_erase->add_option("N", list_edit.count);
    CLI::App* list_move = editing_list(
        "list-move", "moves an element of a list, so that it is at TO afterwards", ListEdit::move);
    list_move->add_option("FROM", list_edit.index)->required();
    list_move->add_option("TO", list_edit.to)->required();

    CLI::App* text = app.add_subcommand("text", "edits a text; positions are code points");
    text->add_option("COLL/ID", document)->required();
    text->add_option("FIELD", field)->required();
    text->require_subcommand(1);
    const auto editing_text = [&](const char* name, const char* help, tool::TextEdit::Kind kind) {
        CLI::App* command = text->add_subcommand(name, help);
        command->callback([&, kind] {
            text_edit.kind = kind;
            run = [&] { return tool::edit_text(context, document, field, text_edit); };
        });
        return command;
    };
    using tool::TextEdit;
    CLI::App* typing = editing_text("insert", "types STRING in at POS", TextEdit::insert);
    typing->add_option("POS", text_edit.at)->required();
    typing->add_option("STRING", text_edit.text)->required();
    CLI::App* cutting = editing_text("erase", "takes N characters out at POS", TextEdit::erase);
    cutting->add_option("POS", text_edit.at)->required();
    cutting->add_option("N", text_edit.count)->required();
    CLI::App* marking = editing_text("mark",
                                     "gives N characters at POS the property NAME, whose "
                                     "value is JSON",
                                     TextEdit::mark);
    marking->add_option("POS", text_edit.at)->required();
    marking->add_option("N", text_edit.count)->required();
    marking->add_option("NAME", text_edit.text)->required();
    marking->add_option("JSON", text_edit.json)->required();
    CLI::App* unmarking =
        editing_text("unmark", "takes the property NAME off N characters at POS", TextEdit::unmark);
    unmarking->add_option("POS", text_edit.at)->required();
    unmarking->add_option("N", text_edit.count)->required();
    unmarking->add_option("NAME", text_edit.text)->required();
    editing_text("spans", "prints the pieces that differ in properties, as JSON, one a line",
                 TextEdit::spans);

    CLI::App* remove = app.add_subcommand("delete", "deletes a document, or one field of it");
    remove->add_option("COLL/ID", document)->required();
    remove->add_option("FIELD", field);
    remove->callback([&] { run = [&] { return tool::remove(context, document, field); }; });

    CLI::App* get = app.add_subcommand("get", "prints a document, or one field of it, as JSON");
    get->add_option("COLL/ID", document)->required();
    get->add_option("FIELD", field);
    std::optional<std::uint64_t> as_of;
    get->add_option("--as-of", as_of, "a sequence number of the log, as `history` prints them");
    get->callback([&] { run = [&] { return tool::get(context, document, field, as_of); }; });

    CLI::App* history = app.add_subcommand(
        "history", "prints who changed a document, or one field of it: JSON, a change a line");
    history->add_option("COLL/ID", document)->required();
    history->add_option("FIELD", field);
    history->callback([&] { run = [&] { return tool::history(context, document, field); }; });

    std::uint32_t days = 0;
    CLI::App* keep_history = app.add_subcommand(
        "keep-history", "keeps what the relay delivers for DAYS from now on; 0 ends it");
    keep_history->add_option("DAYS", days)->required()->check(CLI::Range(0, 36'500));
    keep_history->callback([&] { run = [&] { return tool::keep_history(context, days); }; });

    CLI::App* list = app.add_subcommand("list", "prints the ids of a collection, one a line");
    list->add_option("COLL", collection)->required();
    list->callback([&] { run = [&] { return tool::list(context, collection); }; });

    CLI::App* exporting = app.add_subcommand(
        "export", "prints a collection, one JSON object a line, its id as the member $id");
    exporting->add_option("COLL", collection)->required();
    exporting->callback([&] { run = [&] { return tool::export_all(context, collection); }; });

    CLI::App* importing = app.add_subcommand(
        "import", "sets documents from a JSON array, JSON lines or CSV; may be run again");
    importing->add_option("COLL", collection)->required();
    importing->add_option("FILE", file, "- for standard input")->required();
    importing->add_option("--id", import_options.id_field, "the member that holds the id")
        ->required();
    importing->add_option("--batch", import_options.batch, "records in one atomic change")
        ->capture_default_str()
        ->check(CLI::Range(1, 10'000));
    importing->callback(
        [&] { run = [&] { return tool::import_all(context, collection, file, import_options); }; });

    CLI::App* conflicts =
        app.add_subcommand("conflicts", "prints a register's value and those that lost to it");
    conflicts->add_option("COLL/ID", document)->required();
    conflicts->add_option("FIELD", field)->required();
    conflicts->callback([&] { run = [&] { return tool::conflicts(context, document, field); }; });

    const auto relay_options = [&](CLI::App* command) {
        command->add_option("--token", sync_options.token, "sent to the relay")
            ->envname("SYNCLINE_TOKEN");
        command->add_option("--token-file", sync_options.token_file, "read at each connect");
        command->add_option("--ca-file", sync_options.ca_file,
                            "certificates to trust beside the system's");
        command
            ->add_option("--timeout", sync_options.timeout_s,
                         "seconds to wait until nothing is pending")
            ->capture_default_str()
            ->check(CLI::Range(1, 86'400));
    };
    CLI::App* sync = app.add_subcommand(
        "sync", "exchanges changes with a relay until nothing is pending either way");
    sync->add_option("URL", sync_options.url, "ws://host:port or wss://host")->required();
    sync->add_flag("--watch", sync_options.watch, "stay connected and print what changes");
    relay_options(sync);
    sync->callback([&] { run = [&] { return tool::sync(context, sync_options); }; });

    CLI::App* watch =
        app.add_subcommand("watch", "syncs and prints a line for each change as it arrives");
    watch->add_option("COLL", collection)->required();
    watch->add_option("--url", sync_options.url, "the relay")->required()->envname("SYNCLINE_URL");
    relay_options(watch);
    watch->callback([&] {
        run = [&] {
            sync_options.watch = true;
            sync_options.collection = collection;
            return tool::sync(context, sync_options);
        };
    });

    CLI::App* presence = app.add_subcommand(
        "presence", "syncs and prints a line with who is in the space whenever that changes");
    tool::PresenceOptions presence_options;
    presence->add_option("--url", sync_options.url, "the relay")
        ->required()
        ->envname("SYNCLINE_URL");
    presence->add_option("--say", presence_options.json, "JSON for the others to see meanwhile");
    presence->add_option("--session", presence_options.session, "a name for this terminal");
    relay_options(presence);
    presence->callback(
        [&] { run = [&] { return tool::presence(context, sync_options, presence_options); }; });

    CLI::App* status = app.add_subcommand("status", "prints how the space stands, as JSON");
    status->callback([&] { run = [&] { return tool::status(context); }; });

    CLI::App* digest = app.add_subcommand(
        "digest", "prints the hex digest of the confirmed state; equal on replicas in sync");
    digest->callback([&] { run = [&] { return tool::digest(context); }; });

    CLI::App* schema = app.add_subcommand(
        "schema", "declares the documents by a JSON file; without one, prints what is declared");
    bool forget = false;
    schema->add_option("FILE", file, "- for standard input");
    schema->add_flag("--forget", forget, "forget the schema; what is stored stays");
    schema->callback([&] {
        run = [&] { return forget ? tool::forget_schema(context) : tool::schema(context, file); };
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error, std::cout, std::cerr);
        return code == 0 ? 0 : tool::exit_usage;
    }
    return run();
}
