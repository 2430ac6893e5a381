"""What unreal-stub lacks, each with its public page: nothing of Movie Render Pipeline is there."""
