#include "tests/unit/state/store/store_fixture.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace trueup {

namespace {

Memo suspension(const std::string& target, const std::string& why)
{
    Memo memo("suspension", target, Map{{"reason", why}});
    memo.updated_at = "2026-03-01T12:00:00.000Z";
    return memo;
}

TEST_SUITE("state: memos")
{
    TEST_CASE("a memo comes back as it was noted, replaced by kind and key, gone when erased")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            {
                auto store = state.open(StoreMode::writer, sync);
                Batch batch;
                batch.note.push_back(suspension("", "holiday"));
                batch.note.push_back(suspension("Role/tenant/a", "old"));
                batch.note.push_back(suspension("Role/tenant/b", "gone"));
                REQUIRE(state.commit(*store, std::move(batch)));
                Batch later;
                later.note.push_back(suspension("Role/tenant/a", "new"));
                later.erase.emplace_back("suspension", "Role/tenant/b");
                later.erase.emplace_back("tombstone", "Role/tenant/a");
                REQUIRE(state.commit(*store, std::move(later)));
            }

            for (const StoreMode mode : {StoreMode::read_only, StoreMode::writer}) {
                const auto memos = state.open(mode, sync)->memos();
                REQUIRE(memos);
                REQUIRE(memos->size() == 2);
                CHECK(memos->front().key.empty());
                CHECK(memos->back().kind == "suspension");
                CHECK(memos->back().key == "Role/tenant/a");
                CHECK(memos->back().value == Value(Map{{"reason", "new"}}));
                CHECK(memos->back().updated_at == "2026-03-01T12:00:00.000Z");
            }
        }
    }

    TEST_CASE("a memo that was changed behind our back is an error, not a value")
    {
        StateFixture state;
        {
            auto store = state.open();
            Batch batch;
            batch.note.push_back(suspension("", "holiday"));
            REQUIRE(state.commit(*store, std::move(batch)));
        }
        {
            SQLite::Database database(state.file.string(), SQLite::OPEN_READWRITE);
            database.exec("UPDATE memos SET value = '{}'");
        }

        const auto memos = state.open()->memos();

        REQUIRE_FALSE(memos);
        CHECK(memos.error().code == Errc::store_failed);
    }

    TEST_CASE("a state of the first schema keeps what it knows and learns memos")
    {
        StateFixture state;
        state.fill(3, false);
        state.go_back_to_schema(1);
        CHECK(state.open(StoreMode::read_only)->memos()->empty());

        auto store = state.open();
        Batch batch;
        batch.note.push_back(suspension("", "holiday"));
        REQUIRE(state.commit(*store, std::move(batch)));

        CHECK(records_of(*store).size() == 3);
        CHECK(store->memos()->size() == 1);
    }
}

} // namespace

} // namespace trueup
