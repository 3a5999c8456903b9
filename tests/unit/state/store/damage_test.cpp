#include "tests/unit/state/store/store_fixture.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

#include <random>

namespace trueup {

namespace {

// What a user of the store sees of a file: everything, or that it cannot be trusted.
struct Seen {
    Seen() = default;

    std::optional<Error> error;
    std::vector<Record> records;
    std::vector<Intent> intents;
    std::optional<Binding> binding;
};

Seen look_at(const std::filesystem::path& file, StoreMode mode)
{
    Seen seen;
    boost::asio::io_context context;
    auto store = open_sqlite_store(context, file, mode, SyncMode::inline_);
    if (!store) {
        seen.error = store.error();
        return seen;
    }
    auto records = (*store)->records();
    auto intents = (*store)->open_intents();
    auto binding = (*store)->binding();
    if (!records || !intents || !binding) {
        seen.error = !records ? records.error() : !intents ? intents.error() : binding.error();
        return seen;
    }
    seen.records = std::move(*records);
    seen.intents = std::move(*intents);
    seen.binding = std::move(*binding);
    return seen;
}

// A file with something in each table, closed, and what is to be seen in it.
std::string sample(StateFixture& state)
{
    auto store = state.open();
    Batch batch;
    batch.bind = Binding();
    batch.bind->endpoint = "https://api.example.com";
    for (int i = 0; i < 12; ++i) {
        batch.put.push_back(make_record(i));
        batch.open.push_back(make_intent(i));
        batch.audit.push_back(make_audit(i));
    }
    const auto stored = state.commit(*store, std::move(batch));
    REQUIRE(stored);
    store.reset();
    return bytes_of(state.file);
}

void put_file(const std::filesystem::path& file, const std::string& bytes)
{
    for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::remove(file.string() + suffix);
    write_bytes(file, bytes);
    ::chmod(file.c_str(), 0600);
}

void check_whole(const Seen& seen)
{
    REQUIRE(seen.records.size() == 12);
    for (int i = 0; i < 12; ++i)
        check_same(seen.records[static_cast<std::size_t>(i)], make_record(i));
    REQUIRE(seen.intents.size() == 12);
    for (int i = 0; i < 12; ++i) {
        CHECK(seen.intents[static_cast<std::size_t>(i)].id == make_intent(i).id);
        CHECK(seen.intents[static_cast<std::size_t>(i)].desired == make_intent(i).desired);
    }
    REQUIRE(seen.binding);
    CHECK(seen.binding->endpoint == "https://api.example.com");
}

// Changes the audit as one who knows how: without the trigger that forbids it, which is put back.
void change_audit(const std::filesystem::path& file,
                  const std::string& trigger,
                  const std::string& sql)
{
    SQLite::Database by_hand(file.string(), SQLite::OPEN_READWRITE);
    const std::string definition =
        by_hand.execAndGet("SELECT sql FROM sqlite_schema WHERE name = '" + trigger + "'")
            .getString();
    by_hand.exec("DROP TRIGGER " + trigger);
    by_hand.exec(sql);
    by_hand.exec(definition);
}

// A state of the second schema with two lines of audit, hashed as that schema did.
void fill_second_schema(StateFixture& state)
{
    state.fill(1, false);
    state.go_back_to_schema(2);
    SQLite::Database old(state.file.string(), SQLite::OPEN_READWRITE);
    old.exec("INSERT INTO audit (at, address, verb, route, outcome, status, audit_uid, "
             "plan_id, detail, hash) VALUES "
             "('2026-03-01T12:00:00.000Z', 'Thing/team-a/old', 'create', 'POST /v1/things', "
             "'done', '201', 'a-1', 'plan-1', '', "
             "'5414adc27200339331865cc79f39ed3832f6fc9d6ed895e4558477cec0baf5b1'), "
             "('2026-03-01T12:01:00.000Z', 'Thing/team-a/old', 'update', "
             "'PUT /v1/things/{uid}', 'done', '200', 'a-2', 'plan-2', '', "
             "'251221992dd2d7e50b460300deaafb52cfdc9cddbed581a158fdd42457d32e60')");
}

TEST_SUITE("state: damage")
{
    TEST_CASE("a state that was cut off anywhere is refused with advice, never read as less")
    {
        StateFixture state;
        const std::string whole = sample(state);
        std::vector<std::size_t> cuts;
        for (std::size_t at = 0; at < 128; ++at)
            cuts.push_back(at);
        for (std::size_t at = 128; at < whole.size(); at += 509)
            cuts.push_back(at);
        for (std::size_t at = 4096; at < whole.size(); at += 4096)
            cuts.insert(cuts.end(), {at - 1, at, at + 1});

        for (const std::size_t cut : cuts) {
            CAPTURE(cut);
            for (const StoreMode mode : {StoreMode::writer, StoreMode::read_only}) {
                put_file(state.file, whole.substr(0, cut));
                const Seen seen = look_at(state.file, mode);
                REQUIRE(seen.error);
                CHECK(seen.error->place == state.file.string());
                CHECK_FALSE(seen.error->advice.empty());
            }
        }
    }

    TEST_CASE("a flipped bit is noticed, or changes nothing that is read")
    {
        StateFixture state;
        const std::string whole = sample(state);
        std::mt19937 random(1);
        int noticed = 0;
        constexpr int flips = 1500;
        for (int i = 0; i < flips; ++i) {
            const std::size_t byte = random() % whole.size();
            const unsigned bit = random() % 8U;
            CAPTURE(byte);
            CAPTURE(bit);
            std::string flipped = whole;
            flipped[byte] =
                static_cast<char>(static_cast<unsigned char>(flipped[byte]) ^ (1U << bit));
            put_file(state.file, flipped);
            const Seen seen =
                look_at(state.file, i % 2 == 0 ? StoreMode::writer : StoreMode::read_only);
            if (!seen.error) {
                check_whole(seen);
                continue;
            }
            ++noticed;
            CHECK_FALSE(seen.error->advice.empty());
            CHECK((seen.error->code == Errc::store_failed ||
                   seen.error->code == Errc::invalid_input));
        }
        // Unused space is most of so small a file; what is used is a good part all the same.
        CHECK(noticed > flips / 20);
    }

    TEST_CASE("a changed word in a record is noticed although the file is sound")
    {
        StateFixture state;
        state.fill(3);
        {
            SQLite::Database by_hand(state.file.string(), SQLite::OPEN_READWRITE);
            by_hand.exec("UPDATE records SET uid = 'forged' WHERE address LIKE '%1'");
        }
        auto store = state.open();

        const auto records = store->records();
        const auto one = store->record(make_record(1).address);

        REQUIRE_FALSE(records);
        CHECK(records.error().code == Errc::store_failed);
        CHECK(records.error().text().find(make_record(1).address) != std::string::npos);
        CHECK_FALSE(one);
        CHECK(store->record(make_record(2).address)->has_value());
    }

    TEST_CASE("a state whose own rules were changed is refused")
    {
        StateFixture state;
        state.fill(1);
        {
            SQLite::Database by_hand(state.file.string(), SQLite::OPEN_READWRITE);
            by_hand.exec("DROP TRIGGER audit_is_never_deleted");
        }
        for (const StoreMode mode : {StoreMode::writer, StoreMode::read_only}) {
            const Error error = state.open_error(mode);
            CHECK(error.code == Errc::store_failed);
            CHECK(error.message.find("not those of its schema") != std::string::npos);
        }
    }

    TEST_CASE("the audit names the line that was changed, and notices one that is missing")
    {
        StateFixture state;
        state.fill(5);
        const auto before = verify_audit(state.file);
        REQUIRE(before);
        CHECK(*before == 5);
        const std::string kept = bytes_of(state.file);
        change_audit(state.file,
                     "audit_is_never_changed",
                     "UPDATE audit SET outcome = 'failed' WHERE seq = 3");
        const auto changed = verify_audit(state.file);
        put_file(state.file, kept);
        change_audit(state.file, "audit_is_never_deleted", "DELETE FROM audit WHERE seq = 2");
        const auto missing = verify_audit(state.file);

        REQUIRE_FALSE(changed);
        CHECK(changed.error().message.find("line 3 of the audit") != std::string::npos);
        REQUIRE_FALSE(missing);
        CHECK(missing.error().message.find("line 2 of the audit") != std::string::npos);
    }

    TEST_CASE("the chain of the audit goes on over restarts and failed transactions")
    {
        StateFixture state;
        state.fill(2);
        auto store = state.open();
        Batch intent;
        intent.open.push_back(make_intent(1));
        REQUIRE(state.commit(*store, intent));
        Batch lost = put_batch(7);
        lost.audit.push_back(make_audit(7));
        Commits together(state.context);
        together.start(*store, lost);
        together.start(*store, intent); // the id is taken: both fail
        together.finish();
        REQUIRE_FALSE(together.result(0));
        Batch more;
        more.audit = {make_audit(8), make_audit(9)};
        REQUIRE(state.commit(*store, more));
        store.reset();

        const auto lines = verify_audit(state.file);

        REQUIRE(lines);
        CHECK(*lines == 4);
    }

    TEST_CASE("the audit of the second schema stays true, and goes on in the third")
    {
        StateFixture state;
        fill_second_schema(state);
        const auto unmigrated = verify_audit(state.file);
        REQUIRE(unmigrated);
        CHECK(*unmigrated == 2);

        {
            auto store = state.open();
            Batch batch;
            batch.audit.push_back(make_audit(1));
            batch.audit.back().revision = "git:3f2a";
            batch.audit.back().attempt = 2;
            batch.audit.back().latency_ms = 41;
            batch.audit.back().error = "server_failed";
            REQUIRE(state.commit(*store, std::move(batch)));
        }

        const auto lines = verify_audit(state.file);
        REQUIRE(lines);
        CHECK(*lines == 3);
        const auto audit = state.open(StoreMode::read_only)->audit(3);
        REQUIRE(audit);
        CHECK((*audit)[0].revision == "git:3f2a");
        CHECK((*audit)[0].attempt == 2);
        CHECK((*audit)[0].latency_ms == 41);
        CHECK((*audit)[0].error == "server_failed");
        CHECK((*audit)[2].audit_uid == "a-1");
        CHECK((*audit)[2].attempt == 0);
    }

    TEST_CASE("a column that a line of the audit did not have cannot be filled in later, nor "
              "emptied")
    {
        StateFixture state;
        fill_second_schema(state);
        {
            auto store = state.open();
            Batch batch;
            batch.audit.push_back(make_audit(1));
            batch.audit.back().attempt = 1;
            batch.audit.back().revision = "git:3f2a";
            REQUIRE(state.commit(*store, std::move(batch)));
        }
        const std::string kept = bytes_of(state.file);
        const std::pair<const char*, const char*> forgeries[] = {
            {"UPDATE audit SET revision = 'git:other' WHERE seq = 1", "line 1"},
            {"UPDATE audit SET attempt = '1' WHERE seq = 2", "line 2"},
            {"UPDATE audit SET revision = '' WHERE seq = 3", "line 3"},
            {"UPDATE audit SET revision = '', attempt = '', latency_ms = '', error = '' "
             "WHERE seq = 3",
             "line 3"}};

        for (const auto& forgery : forgeries) {
            const auto& [sql, line] = forgery;
            const std::string_view attempted = sql;
            CAPTURE(attempted);
            change_audit(state.file, "audit_is_never_changed", sql);
            const auto found = verify_audit(state.file);
            put_file(state.file, kept);

            REQUIRE_FALSE(found);
            CHECK(found.error().message.find(line) != std::string::npos);
        }
    }

    TEST_CASE("setting aside keeps the damaged state whole and makes room for a new one")
    {
        StateFixture state;
        state.fill(2);
        write_bytes(state.file.string() + "-wal", "journal");
        const std::string before = bytes_of(state.file);

        const auto name = set_aside(state.file);

        REQUIRE(name);
        CHECK(*name == state.file.string() + ".corrupt-1");
        CHECK(bytes_of(*name) == before);
        CHECK(bytes_of(name->string() + "-wal") == "journal");
        state.fill(1);
        CHECK(*set_aside(state.file) == state.file.string() + ".corrupt-2");
        CHECK(set_aside(state.file).error().code == Errc::not_found);
        auto held = state.open();
        CHECK(set_aside(state.file).error().code == Errc::busy);
    }
}

} // namespace

} // namespace trueup
