"""What a Japanese-speaking moderator does not say."""

from vivavoce.protocol.conduct.phrases import ConductPhrases

JAPANESE = ConductPhrases(
    leading=(
        "と思いませんか",
        "と思われませんか",
        "ではありませんか",
        "じゃないですか",
        "ではないでしょうか",
    ),
    advice=(
        "たほうがいいです",
        "た方がいいです",
        "た方が良いです",
        "べきです",
        "をお勧めします",
        "をおすすめします",
        "私のアドバイス",
        "私の助言",
    ),
    disclosure=(
        "私への指示",
        "私の指示",
        "システムプロンプト",
        "言語モデルとして",
        "言語モデルです",
        "と指示されて",
        "プログラムされて",
    ),
    anywhere=True,
)
