// Records that are read beside what is known already: one tree where the two are the same.

#include "tests/unit/state/store/store_fixture.hpp"

namespace trueup {

namespace {

Secret secret_of(const std::string& text)
{
    return SecretHasher("key").make(text, "env:X", SecretForm::text);
}

// The record of `applied`, read back beside `known`.
Record read_beside(Value applied, const SharedValue& known)
{
    StateFixture state;
    auto store = state.open();
    Batch batch = put_batch(1);
    batch.put.front().last_applied = std::move(applied);
    REQUIRE(state.commit(*store, batch));
    std::vector<std::string> asked;
    const auto records = store->records_beside([&](const std::string& address) {
        asked.push_back(address);
        return known;
    });
    REQUIRE(records.has_value());
    REQUIRE(records->size() == 1);
    CHECK(asked == std::vector<std::string>{make_record(1).address});
    return records->front();
}

Value tree_with(Value note)
{
    return Map{{"metadata", Map{{"name", "r"}}}, {"spec", Map{{"note", std::move(note)}}}};
}

TEST_SUITE("state: records beside what is known")
{
    TEST_CASE("what was applied as it is known is the known tree itself")
    {
        const Value secret = secret_of("hidden");
        for (const Value& note : {Value("text"), Value("$1"), Value(Decimal("1.50")), secret}) {
            CAPTURE(note.type_name());
            const SharedValue known = tree_with(note);

            CHECK(read_beside(tree_with(note), known).last_applied.is(known));
        }
    }

    TEST_CASE("what was applied otherwise is read as it was stored")
    {
        const Value secret = secret_of("hidden");
        const Value other = secret_of("other");
        const std::pair<Value, Value> pairs[] = {{"text", "another"},
                                                 {Decimal("1.5"), Decimal("1.50")},
                                                 {1, "1"},
                                                 {secret, other},
                                                 {nullptr, Map{}}};
        for (const auto& pair : pairs) {
            const Value& applied = pair.first;
            const Value& note = pair.second;
            CAPTURE(applied.type_name());
            const SharedValue known = tree_with(note);

            const Record record = read_beside(tree_with(applied), known);

            CHECK_FALSE(record.last_applied.is(known));
            CHECK(identical(record.last_applied, tree_with(applied)));
        }
    }

    TEST_CASE("where nothing is known the record is as ever")
    {
        const Value applied = tree_with("text");

        CHECK(identical(read_beside(applied, SharedValue()).last_applied, applied));
    }
}

} // namespace

} // namespace trueup
