"""The bilingual story world and the named outside sources: seeds become training documents."""
